package github_test

import (
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

// TestContract signs the contract of targets, once for each scope and store.
func TestContract(t *testing.T) {
	both, secretsOnly := []store.Kind{store.Secret, store.Variable}, []store.Kind{store.Secret}
	tests := []struct {
		name                  string
		options               github.Options
		scope, other, missing store.Scope
		kinds                 []store.Kind
		attributes            store.Attributes
	}{
		{"environment", github.Options{ScopeKind: "environment"}, "environment:prod", "environment:a/b c", "environment:missing", both, nil},
		{"repository", github.Options{ScopeKind: "repository"}, "repository", "", "", both, nil},
		{"organization", github.Options{ScopeKind: "organization"}, "organization", "", "", both, store.Attributes{"visibility": "private"}},
		{"Dependabot", github.Options{ScopeKind: "repository", Store: "dependabot"}, "repository", "", "", secretsOnly, nil},
		{
			"organization's Codespaces", github.Options{ScopeKind: "organization", Store: "codespaces"}, "organization", "", "", secretsOnly,
			store.Attributes{"visibility": "selected", "repositories": "api"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			storetest.Target(t, storetest.TargetHarness{
				Kinds: test.kinds, Readable: []store.Kind{store.Variable},
				MaxValue: 49104, Many: 95, Attributes: test.attributes,
				New: func(t *testing.T) storetest.TargetFixture {
					places := newPlaces(t)
					o := test.options
					o.URL, o.Next, o.Token = "https://api.example.com", places, secret.New([]byte("a token"))
					o.Repository, o.Organization = "acme/api", "acme"
					if o.Store == "" {
						o.Store = github.Actions
					}
					target, err := github.New(o)
					if err != nil {
						t.Fatal(err)
					}
					return storetest.TargetFixture{
						Target: target, Scope: test.scope, Other: test.other, Missing: test.missing,
						Stored: func(scope store.Scope, kind store.Kind, name string) (string, bool) {
							return places.stored(o.ScopeKind, o.Store, string(scope), string(kind), name)
						},
						Break: places.fail, Deletes: places.deletions,
					}
				},
			})
		})
	}
}
