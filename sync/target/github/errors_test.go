package github_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

var secrets = []store.Kind{store.Secret}

const (
	listEnv = "GET " + env + "/secrets?per_page=100&page=1"
	getEnv  = "GET " + env
	getRepo = "GET /repos/acme/api"
	missing = `{"message":"Not Found"}`
	found   = `{"id":7,"full_name":"acme/api"}`
)

// TestErrors reads what GitHub says when a listing goes wrong. The bodies say
// "canary", which must not be repeated.
func TestErrors(t *testing.T) {
	tests := []struct {
		name         string
		answers      map[string][]reply
		kind         error
		detail, hint string
		asked        int
	}{
		{
			"bad token", map[string][]reply{listEnv: {{status: 401, body: `{"message":"canary"}`}}},
			store.ErrUnauthentic, "", "the token is wrong, expired, revoked, or of another GitHub server", 1,
		},
		{
			"no permission", map[string][]reply{listEnv: {{status: 403, body: `{"message":"canary"}`}}},
			store.ErrDenied, "the token may not do this", "the token needs the permission environments=read", 1,
		},
		{
			"GitHub names the permission",
			map[string][]reply{listEnv: {{status: 403, header: map[string]string{"X-Accepted-GitHub-Permissions": "environments=read; secrets=read"}}}},
			store.ErrDenied, "the token may not do this", "the token needs the permission environments=read; secrets=read", 1,
		},
		{
			"a permission that is none",
			map[string][]reply{listEnv: {{status: 403, header: map[string]string{"X-Accepted-GitHub-Permissions": "canary!"}}}},
			store.ErrDenied, "the token may not do this", "the token needs the permission environments=read", 1,
		},
		{
			"no such environment",
			map[string][]reply{listEnv: {{status: 404, body: missing}}, getRepo: {{status: 200, body: found}}},
			store.ErrNotFound, "the repository has no such environment, or the token may not see it",
			"create it in the repository's settings, or set create: true on the target", 3,
		},
		{
			"no such repository", map[string][]reply{},
			store.ErrNotFound, "not there, or the token may not see it", "the token needs the permission metadata=read", 3,
		},
		{
			"an environment whose secrets may not be seen",
			map[string][]reply{getEnv: {{status: 200, body: `{"name":"prod"}`}}},
			store.ErrNotFound, "not there, or the token may not see it", "the token needs the permission environments=read", 2,
		},
		{
			"renamed", map[string][]reply{listEnv: {{status: 301, header: map[string]string{"Location": "SERVER/repositories/7"}}}},
			store.ErrMoved, "it was renamed or transferred", "change the name in the policy", 1,
		},
		{"throttled for long", map[string][]reply{listEnv: {{status: 429, header: map[string]string{"Retry-After": "9000"}}}}, store.ErrThrottled, "*", "*", 1},
		{"not implemented", map[string][]reply{listEnv: {{status: 501, body: "canary"}}}, store.ErrUnavailable, "", "", 1},
		{"accepted, but not answered", map[string][]reply{listEnv: {{status: 202, body: `"canary"`}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"not JSON", map[string][]reply{listEnv: {{status: 200, body: `<html>canary`}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"JSON cut short", map[string][]reply{listEnv: {{status: 200, body: `{"total_count":0,"secrets":["canary`}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"nothing", map[string][]reply{listEnv: {{status: 200}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"null", map[string][]reply{listEnv: {{status: 200, body: "null"}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"an empty object", map[string][]reply{listEnv: {{status: 200, body: "{}"}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"no items", map[string][]reply{listEnv: {{status: 200, body: `{"total_count":0}`}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"null for items", map[string][]reply{listEnv: {{status: 200, body: `{"total_count":0,"secrets":null}`}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"an item of another kind", map[string][]reply{listEnv: {{status: 200, body: `{"total_count":1,"secrets":[{"name":{"x":"canary"}}]}`}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"an item without a name", map[string][]reply{listEnv: {{status: 200, body: `{"total_count":1,"secrets":[{}]}`}}}, store.ErrUnavailable, "the answer could not be read", "", 1},
		{"fewer than promised", map[string][]reply{listEnv: {{status: 200, body: `{"total_count":2,"secrets":[{"name":"A"}]}`}}}, store.ErrUnavailable, "listing cut short: 1 of 2", "*", 1},
		{"none of those promised", map[string][]reply{listEnv: {{status: 200, body: `{"total_count":2,"secrets":[]}`}}}, store.ErrUnavailable, "listing cut short: 0 of 2", "*", 1},
		{"more than promised", map[string][]reply{listEnv: {{status: 200, body: `{"total_count":1,"secrets":[{"name":"A"},{"name":"B"}]}`}}}, store.ErrUnavailable, "listing cut short: 2 of 1", "*", 1},
		{"one twice", map[string][]reply{listEnv: {{status: 200, body: `{"total_count":2,"secrets":[{"name":"A"},{"name":"a"}]}`}}}, store.ErrUnavailable, "listing cut short: 1 of 2", "*", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.answers)
			_, err := s.open(t, github.Options{}).List(t.Context(), "environment:prod", secrets)
			e, ok := errors.AsType[*store.Error](err)
			if !ok || !errors.Is(e, test.kind) {
				t.Fatalf("%v, want %v", err, test.kind)
			}
			if test.detail != "*" && e.Detail != test.detail || test.hint != "*" && e.Hint != test.hint {
				t.Errorf("%q with hint %q, want\n%q with hint %q", e.Detail, e.Hint, test.detail, test.hint)
			}
			if strings.Contains(err.Error()+e.Hint, "canary") {
				t.Errorf("the error quotes the answer: %v", err)
			}
			if len(s.calls()) != test.asked {
				t.Errorf("asked %q", s.calls())
			}
		})
	}
}

func TestPages(t *testing.T) {
	const list = "GET /repos/acme/api/actions/variables?per_page=30&page="
	next := func(n string) map[string]string {
		return map[string]string{"Link": `<https://elsewhere.example.com/x?page=` + n + `>; rel="next"`}
	}
	s := newServer(t, map[string][]reply{
		list + "1": {{status: 200, header: next("2"), body: `{"total_count":3,"variables":[{"name":"A","value":"1","updated_at":"2026-01-02T03:04:05Z"},{"name":"KEYPLUMB_LEDGER_REPO","value":"x"}]}`}},
		list + "2": {{status: 200, body: `{"total_count":3,"variables":[{"name":"B","value":""}]}`}},
	})
	listing, err := s.open(t, github.Options{ScopeKind: github.ScopeRepository}).List(t.Context(), "repository", []store.Kind{store.Variable})
	if err != nil || len(listing.Items) != 2 {
		t.Fatalf("%+v, %v", listing, err)
	}
	a, b := listing.Items[0], listing.Items[1]
	if a.Name != "A" || string(a.Value.Reveal()) != "1" || !a.Readable || a.Updated.Unix() != 1767323045 || !b.Readable || b.Name != "B" {
		t.Errorf("%+v", listing.Items)
	}
}

func TestPagesThatGoOnForEver(t *testing.T) {
	again := reply{status: 200, header: map[string]string{"Link": `<https://x/?page=2>; rel="next"`}, body: `{"total_count":9,"secrets":[]}`}
	s := newServer(t, map[string][]reply{listEnv: {again}})
	_, err := s.open(t, github.Options{}).List(t.Context(), "environment:prod", secrets)
	if !errors.Is(err, store.ErrUnavailable) || len(s.calls()) != 1 {
		t.Errorf("%v after %d requests", err, len(s.calls()))
	}
}

func TestMissingEnvironmentIsCreated(t *testing.T) {
	key, _ := keyPair(t, "1")
	s := newServer(t, map[string][]reply{
		getRepo:                              {{status: 200, body: found}},
		"GET " + env + "/secrets/public-key": {{status: 404, body: missing}, {status: 200, body: key}},
		"PUT " + env:                         {{status: 200, body: `{"name":"prod"}`}},
	})
	target := s.open(t, github.Options{Create: true})
	if listing, err := target.List(t.Context(), "environment:prod", secrets); err != nil || len(listing.Items) > 0 {
		t.Fatalf("%v, %v", listing, err)
	}
	if slices.Contains(s.calls(), "PUT "+env) {
		t.Fatal("a listing created the environment")
	}
	if err := target.Prepare(t.Context(), "environment:prod"); err != nil {
		t.Fatal(err)
	}
	if put := s.last("PUT " + env); put.call == "" || put.body != "" {
		t.Errorf("created with %q, want no body", put.body)
	}
}

func TestEnvironmentIsNeverTouched(t *testing.T) {
	for _, there := range []bool{true, false} {
		answers := map[string][]reply{getRepo: {{status: 200, body: found}}}
		if there {
			answers[getEnv] = []reply{{status: 200, body: `{"name":"prod"}`}}
		}
		s := newServer(t, answers)
		// There already, but unseen, though it may be created; or missing, and it may not.
		err := s.open(t, github.Options{Create: there}).Prepare(t.Context(), "environment:prod")
		if !errors.Is(err, store.ErrNotFound) || slices.Contains(s.calls(), "PUT "+env) {
			t.Errorf("there: %v: %v after %q", there, err, s.calls())
		}
	}
}

func TestMoved(t *testing.T) {
	tests := []struct {
		name    string
		answers map[string][]reply
		detail  string
	}{
		{
			"a redirect", map[string][]reply{
				getRepo:               {{status: 301, header: map[string]string{"Location": "SERVER/repositories/7"}}},
				"GET /repositories/7": {{status: 200, body: `{"id":7,"full_name":"acme/new-api"}`}},
			}, "it is now acme/new-api",
		},
		{"another name", map[string][]reply{getRepo: {{status: 200, body: `{"id":7,"full_name":"other/api"}`}}}, "it is now other/api"},
		{"a name that is none", map[string][]reply{getRepo: {{status: 200, body: `{"id":7,"full_name":"::error::canary"}`}}}, "the repository was renamed or transferred"},
		{
			"a redirect to another host", map[string][]reply{
				getRepo: {{status: 301, header: map[string]string{"Location": "https://evil.example.com/repositories/7"}}},
			}, "the repository was renamed or transferred",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := newServer(t, test.answers).open(t, github.Options{}).Identity(t.Context())
			e, ok := errors.AsType[*store.Error](err)
			if !ok || !errors.Is(e, store.ErrMoved) || e.Detail != test.detail || !strings.HasPrefix(e.Hint, "change the name in the policy") {
				t.Errorf("%v (%v)", err, store.Hint(err))
			}
		})
	}
}

func TestOrganizationIdentity(t *testing.T) {
	const list = "GET /orgs/acme/repos?per_page=1"
	tests := []struct {
		body, want string
		err        error
	}{
		{`[{"id":1,"owner":{"id":99,"login":"Acme"}}]`, "|organization|99", nil},
		{`[{"id":1,"owner":{"id":99,"login":"acme-inc"}}]`, "", store.ErrMoved},
		{`[]`, "", store.ErrUnavailable},
		{`[{}]`, "", store.ErrUnavailable},
	}
	for _, test := range tests {
		s := newServer(t, map[string][]reply{list: {{status: 200, body: test.body}}})
		target := s.open(t, github.Options{ScopeKind: github.ScopeOrganization})
		for range 2 {
			id, err := target.Identity(t.Context())
			if !errors.Is(err, test.err) || !strings.HasSuffix(id, test.want) {
				t.Errorf("%s: %q, %v", test.body, id, err)
			}
		}
		if test.err == nil && len(s.calls()) != 1 {
			t.Errorf("asked %d times", len(s.calls()))
		}
	}
}

func TestOpen(t *testing.T) {
	token := secret.New([]byte("a token"))
	valid := github.Options{Repository: "acme/api", ScopeKind: "environment", Store: "actions", Token: token}
	if _, err := github.New(valid); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		change func(*github.Options)
		want   error
	}{
		"no token":                {func(o *github.Options) { o.Token = secret.Value{} }, store.ErrUnauthentic},
		"App without a key":       {func(o *github.Options) { o.App = &github.App{ID: "1"} }, store.ErrUnauthentic},
		"plain http":              {func(o *github.Options) { o.URL = "http://github.example.com/api/v3" }, store.ErrInvalid},
		"no owner":                {func(o *github.Options) { o.Repository = "api" }, store.ErrInvalid},
		"a path in the name":      {func(o *github.Options) { o.Repository = "acme/api/x" }, store.ErrInvalid},
		"dots":                    {func(o *github.Options) { o.Repository = "acme/.." }, store.ErrInvalid},
		"an escape":               {func(o *github.Options) { o.Repository = "acme/%2e%2e" }, store.ErrInvalid},
		"organization of dots":    {func(o *github.Options) { o.ScopeKind, o.Organization = "organization", ".." }, store.ErrInvalid},
		"no such store":           {func(o *github.Options) { o.Store = "pages" }, store.ErrInvalid},
		"no such scope":           {func(o *github.Options) { o.ScopeKind = "enterprise" }, store.ErrInvalid},
		"Dependabot environments": {func(o *github.Options) { o.Store = "dependabot" }, store.ErrInvalid},
	}
	for name, test := range tests {
		o := valid
		test.change(&o)
		if _, err := github.New(o); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEnterpriseServer(t *testing.T) {
	for address, host := range map[string]string{
		"https://GitHub.example.com/api/v3":      "github.example.com",
		"https://github.example.com:443/api/v3/": "github.example.com",
		"https://github.example.com:8443/api/v3": "github.example.com:8443",
	} {
		s := unstarted(map[string][]reply{"GET /api/v3/repos/acme/api": {{status: 200, body: found}}})
		target, err := github.New(github.Options{
			URL: address, Next: s, Token: secret.New([]byte("a token\n")), // a file's last line break is no part of a token
			Repository: "acme/api", ScopeKind: "repository", Store: "actions",
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := target.Identity(t.Context()); err != nil || got != "github|"+host+"|repository|7" {
			t.Errorf("%s: %q, %v", address, got, err)
		}
		if got := s.sent[0].token; got != "a token" {
			t.Errorf("sent with %q", got)
		}
	}
}

func TestScopes(t *testing.T) {
	s := newServer(t, nil)
	target := s.open(t, github.Options{Create: true})
	for _, scope := range []store.Scope{"environment:", "environment:.", "environment:..", "repository", "organization", "repository:x", "", store.Scope("environment:" + strings.Repeat("x", 256))} {
		for what, err := range map[string]error{
			"list":    second(target.List(t.Context(), scope, secrets)),
			"prepare": target.Prepare(t.Context(), scope),
			"put":     second(target.Put(t.Context(), placement(scope, store.Secret, "NAME", "value", nil))),
			"delete":  target.Delete(t.Context(), scope, store.Secret, "NAME"),
			"read":    second(target.ReadShard(t.Context(), scope, 1)),
			"write":   target.WriteShard(t.Context(), scope, 1, "text"),
		} {
			if !errors.Is(err, store.ErrInvalid) {
				t.Errorf("%s %q: %v", what, scope, err)
			}
		}
	}
	if len(s.calls()) > 0 {
		t.Errorf("asked %q", s.calls())
	}
	_, _ = target.List(t.Context(), "environment:a/../b %2e?x#y ü", secrets)
	if want := "GET /repos/acme/api/environments/a%2F..%2Fb%20%252e%3Fx%23y%20%C3%BC/secrets?per_page=100&page=1"; s.calls()[0] != want {
		t.Errorf("asked %q, want %q", s.calls()[0], want)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newServer(t, nil).open(t, github.Options{}).Identity(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func second[T any](_ T, err error) error { return err }
