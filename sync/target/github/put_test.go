package github_test

import (
	"errors"
	"slices"
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
