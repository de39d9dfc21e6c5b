package github_test

import (
	"encoding/base64"
	"errors"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

const env = "/repos/acme/api/environments/prod"

func TestFirstSync(t *testing.T) {
	key, open := keyPair(t, "1")
	s := newServer(t, map[string][]reply{
		"GET /repos/acme/api":                             {{status: 200, body: `{"id":7,"full_name":"Acme/API"}`}},
		"GET " + env + "/secrets?per_page=100&page=1":     {{status: 200, body: `{"total_count":0,"secrets":[]}`}},
		"GET " + env + "/secrets/public-key":              {{status: 200, body: key}},
		"POST " + env + "/variables":                      {{status: 201}},
		"PATCH " + env + "/variables/KEYPLUMB_LEDGER_ENV": {{status: 204}},
		"PUT " + env + "/secrets/NAME":                    {{status: 201, header: map[string]string{"Date": "Sat, 01 Jan 2000 00:00:09 GMT"}}},
		"GET " + env + "/variables/KEYPLUMB_LEDGER_ENV":   {{status: 404}, {status: 200, body: `{"name":"KEYPLUMB_LEDGER_ENV","value":"sealed"}`}},
	})
	target, ctx := s.open(t, github.Options{}), t.Context()
	const scope = "environment:prod"
	identity, err := target.Identity(ctx)
	if err != nil || identity != "github|"+s.Listener.Addr().String()+"|repository|7" {
		t.Fatalf("identity %q, %v", identity, err)
	}
	if listing, err := target.List(ctx, scope, []store.Kind{store.Secret}); err != nil || len(listing.Items) > 0 {
		t.Fatalf("%v, %v", listing, err)
	}
	if text, err := target.ReadShard(ctx, scope, 1); err != nil || text != "" {
		t.Fatalf("%q, %v", text, err)
	}
	if err := errors.Join(target.Prepare(ctx, scope), target.WriteShard(ctx, scope, 1, "sealed")); err != nil {
		t.Fatal(err)
	}
	at, err := target.Put(ctx, placement(scope, store.Secret, "NAME", "a value", nil))
	if err != nil || at.Unix() != 946684809 {
		t.Fatalf("%v, %v", at, err)
	}
	if value := open(s.last("PUT " + env + "/secrets/NAME").body); value != "a value" {
		t.Errorf("GitHub got %q", value)
	}
	if text, err := target.ReadShard(ctx, scope, 1); err != nil || text != "sealed" {
		t.Fatalf("%q, %v", text, err)
	}
	if err := target.WriteShard(ctx, scope, 1, "settled"); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET /repos/acme/api",
		"GET " + env + "/secrets?per_page=100&page=1",
		"GET " + env + "/variables/KEYPLUMB_LEDGER_ENV",
		"GET " + env + "/secrets/public-key",
		"POST " + env + "/variables",
		"PUT " + env + "/secrets/NAME",
		"GET " + env + "/variables/KEYPLUMB_LEDGER_ENV",
		"PATCH " + env + "/variables/KEYPLUMB_LEDGER_ENV",
	}
	if got := s.calls(); !slices.Equal(got, want) {
		t.Errorf("asked\n%q, want\n%q", got, want)
	}
	if requests, writes := target.Requests(); requests != 8 || writes != 3 {
		t.Errorf("counted %d requests, %d writes", requests, writes)
	}
}

func TestKeyWasReplaced(t *testing.T) {
	old, _ := keyPair(t, "1")
	fresh, open := keyPair(t, "2")
	refused := reply{status: 422, body: `{"message":"canary"}`}
	s := newServer(t, map[string][]reply{
		"GET " + env + "/secrets/public-key": {{status: 200, body: old}, {status: 200, body: fresh}},
		"PUT " + env + "/secrets/NAME":       {refused, {status: 204}},
		"PUT " + env + "/secrets/OTHER":      {refused},
	})
	target := s.open(t, github.Options{})
	if _, err := target.Put(t.Context(), placement("environment:prod", store.Secret, "NAME", "a value", nil)); err != nil {
		t.Fatal(err)
	}
	if value := open(s.last("PUT " + env + "/secrets/NAME").body); value != "a value" {
		t.Errorf("GitHub got %q", value)
	}
	// Refused for another reason: the key is looked up, and nothing is sent again.
	_, err := target.Put(t.Context(), placement("environment:prod", store.Secret, "OTHER", "a value", nil))
	if !errors.Is(err, store.ErrInvalid) {
		t.Errorf("%v", err)
	}
	if got := s.calls()[4:]; len(got) != 2 || got[0] != "PUT "+env+"/secrets/OTHER" {
		t.Errorf("asked %q", got)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	for _, answer := range []string{
		`{}`, `{"key_id":"1","key":"AAAA"}`, `{"key_id":"1","key":"not base64!"}`, `{"key":"` + zeros(32) + `"}`,
		`{"key_id":"1","key":"` + zeros(33) + `"}`, `[]`,
	} {
		s := newServer(t, map[string][]reply{"GET " + env + "/secrets/public-key": {{status: 200, body: answer}}})
		if err := s.open(t, github.Options{}).Prepare(t.Context(), "environment:prod"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func zeros(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }

func TestVariables(t *testing.T) {
	const vars = "/repos/acme/api/actions/variables"
	list := "GET " + vars + "?per_page=30&page=1"
	there := reply{status: 200, body: `{"total_count":1,"variables":[{"name":"name","value":"x"}]}`}
	none := reply{status: 200, body: `{"total_count":0,"variables":[]}`}
	post, patch := "POST "+vars, "PATCH "+vars+"/NAME"
	tests := []struct {
		name    string
		answers map[string][]reply
		want    []string
		err     error
	}{
		{"new", map[string][]reply{list: {none}, post: {{status: 201}}}, []string{post}, nil},
		{"there", map[string][]reply{list: {there}, patch: {{status: 204}}}, []string{patch}, nil},
		{"made meanwhile", map[string][]reply{list: {none}, post: {{status: 409}}, patch: {{status: 204}}}, []string{post, patch}, nil},
		{"gone meanwhile", map[string][]reply{list: {there}, patch: {{status: 404}}, post: {{status: 201}}}, []string{patch, post}, nil},
		{"refused", map[string][]reply{list: {none}, post: {{status: 403}}}, []string{post}, store.ErrDenied},
		{"not to be seen", map[string][]reply{list: {there}}, []string{patch, post}, store.ErrNotFound},
		{"a server's failure is not tried again", map[string][]reply{list: {none}, post: {{status: 500}}}, []string{post}, store.ErrUnavailable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.answers)
			target := s.open(t, github.Options{ScopeKind: github.ScopeRepository})
			if _, err := target.List(t.Context(), "repository", []store.Kind{store.Variable}); err != nil {
				t.Fatal(err)
			}
			_, err := target.Put(t.Context(), placement("repository", store.Variable, "NAME", "<value>", nil))
			if got := s.calls()[1:]; !errors.Is(err, test.err) || !slices.Equal(got, test.want) {
				t.Errorf("%v after %q", err, got)
			}
			if body := s.last(post).body; body != "" && body != `{"name":"NAME","value":"<value>"}` {
				t.Errorf("created with %s", body)
			}
			if body := s.last(patch).body; body != "" && body != `{"value":"<value>"}` {
				t.Errorf("updated with %s", body)
			}
		})
	}
}

func TestLedgerNames(t *testing.T) {
	for _, test := range []struct{ storeName, scopeKind, scope, want string }{
		{"actions", "environment", "environment:prod", env + "/variables/KEYPLUMB_LEDGER_ENV"},
		{"actions", "repository", "repository", "/repos/acme/api/actions/variables/KEYPLUMB_LEDGER_REPO"},
		{"actions", "organization", "organization", "/orgs/acme/actions/variables/KEYPLUMB_LEDGER_ORG"},
		{"dependabot", "repository", "repository", "/repos/acme/api/actions/variables/KEYPLUMB_LEDGER_DEPENDABOT"},
		{"dependabot", "organization", "organization", "/orgs/acme/actions/variables/KEYPLUMB_LEDGER_DEPENDABOT_ORG"},
		{"codespaces", "repository", "repository", "/repos/acme/api/actions/variables/KEYPLUMB_LEDGER_CODESPACES"},
		{"codespaces", "organization", "organization", "/orgs/acme/actions/variables/KEYPLUMB_LEDGER_CODESPACES_ORG"},
	} {
		s := newServer(t, nil)
		target := s.open(t, github.Options{Store: test.storeName, ScopeKind: test.scopeKind})
		for shard, suffix := range map[int]string{1: "", 2: "_2", 11: "_11"} {
			if text, err := target.ReadShard(t.Context(), store.Scope(test.scope), shard); err != nil || text != "" {
				t.Errorf("%q, %v", text, err)
			}
			if call := "GET " + test.want + suffix; s.last(call).call == "" {
				t.Errorf("asked %q, want %q", s.calls(), call)
			}
		}
		_ = target.WriteShard(t.Context(), store.Scope(test.scope), 1, "text")
		base, name := path.Split(test.want)
		want := `{"name":"` + name + `","value":"text"}`
		if test.scopeKind == "organization" {
			want = `{"name":"` + name + `","value":"text","visibility":"all"}`
		}
		if sent := s.last("POST " + strings.TrimSuffix(base, "/")); sent.body != want {
			t.Errorf("sent %s, want %s", sent.body, want)
		}
	}
}

func TestLedgerOfAnotherName(t *testing.T) {
	s := newServer(t, map[string][]reply{"GET " + env + "/variables/KEYPLUMB_LEDGER_ENV": {{status: 200, body: `{}`}}})
	if _, err := s.open(t, github.Options{}).ReadShard(t.Context(), "environment:prod", 1); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// TestWhatIsKnown: a listing, a write and a deletion each change what the next
// write of a variable begins with.
func TestWhatIsKnown(t *testing.T) {
	const vars = "/repos/acme/api/actions/variables"
	list, post, patch := "GET "+vars+"?per_page=30&page=1", "POST "+vars, "PATCH "+vars+"/NAME"
	s := newServer(t, map[string][]reply{
		list: {
			{status: 200, body: `{"total_count":1,"variables":[{"name":"NAME","value":"x"}]}`},
			{status: 200, body: `{"total_count":0,"variables":[]}`},
		},
		post: {{status: 201}}, patch: {{status: 204}}, "DELETE " + vars + "/NAME": {{status: 204}, {status: 404}},
	})
	target := s.open(t, github.Options{ScopeKind: github.ScopeRepository})
	put := func(want string) {
		t.Helper()
		before := len(s.calls())
		if _, err := target.Put(t.Context(), placement("repository", store.Variable, "Name", "y", nil)); err != nil {
			t.Fatal(err)
		}
		if got := s.calls()[before:]; len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("asked %q, want %s", got, want)
		}
	}
	s.answers["PATCH "+vars+"/Name"] = s.answers[patch]
	observe := func() {
		t.Helper()
		if _, err := target.List(t.Context(), "repository", []store.Kind{store.Variable}); err != nil {
			t.Fatal(err)
		}
	}
	remove := func() {
		t.Helper()
		if err := target.Delete(t.Context(), "repository", store.Variable, "NAME"); err != nil {
			t.Fatal(err)
		}
	}
	observe()
	put("PATCH")
	remove()
	put("POST")
	put("PATCH")
	observe()
	put("POST")
	remove()
	put("POST")
}

func TestDeleteNamesThatAreNone(t *testing.T) {
	s := newServer(t, nil)
	for _, name := range []string{"", "..", "a/b", "x?y", "x y"} {
		if err := s.open(t, github.Options{}).Delete(t.Context(), "environment:prod", store.Secret, name); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if len(s.calls()) > 0 {
		t.Errorf("asked %q", s.calls())
	}
}

func TestDeleteIsRefused(t *testing.T) {
	s := newServer(t, map[string][]reply{"DELETE " + env + "/secrets/NAME": {{status: 403}}})
	if err := s.open(t, github.Options{}).Delete(t.Context(), "environment:prod", store.Secret, "NAME"); !errors.Is(err, store.ErrDenied) {
		t.Errorf("%v", err)
	}
}

// TestShardsThatAreKnown: what was read or written of a shard decides how it is
// written next.
func TestShardsThatAreKnown(t *testing.T) {
	const vars = env + "/variables"
	shard := vars + "/KEYPLUMB_LEDGER_ENV"
	there := reply{status: 200, body: `{"name":"KEYPLUMB_LEDGER_ENV","value":"sealed"}`}
	s := newServer(t, map[string][]reply{
		"GET " + shard:   {there, {status: 404}},
		"POST " + vars:   {{status: 201}},
		"PATCH " + shard: {{status: 204}},
	})
	target, ctx := s.open(t, github.Options{}), t.Context()
	write := func() error { return target.WriteShard(ctx, "environment:prod", 1, "text") }
	read := func() error { return second(target.ReadShard(ctx, "environment:prod", 1)) }
	for _, do := range []func() error{read, write, read, write, write} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"GET " + shard, "PATCH " + shard, "GET " + shard, "POST " + vars, "PATCH " + shard}
	if got := s.calls(); !slices.Equal(got, want) {
		t.Errorf("asked %q, want %q", got, want)
	}
}
