package vault_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestLogins reads with what a login gives, and gives it back: after Close no
// token lives that was not there before.
func TestLogins(t *testing.T) {
	v := start(t)
	v.secrets()
	v.admin("POST", "sys/auth/approle", fields{"type": "approle"})
	v.admin("POST", "auth/approle/role/ci", fields{"token_policies": []string{"prod"}, "token_ttl": "10m"})
	roleID, _ := v.admin("GET", "auth/approle/role/ci/role-id", nil)["role_id"].(string)
	secretID, _ := v.admin("POST", "auth/approle/role/ci/secret-id", nil)["secret_id"].(string)
	pods := startCluster(t)
	v.join(pods)
	v.admin("POST", "auth/kubernetes/role/ci-prod", fields{"bound_service_account_names": "ci", "bound_service_account_namespaces": "build", "token_policies": "prod"})
	byPod := func(account string) vault.Auth {
		return vault.Auth{Method: vault.Kubernetes, Role: "ci-prod", Identity: func(context.Context, string) (secret.Value, error) {
			return secret.New([]byte(pods.tokens[account])), nil
		}}
	}
	ours, other := startRunner(t, "acme/api"), startRunner(t, "acme/other")
	v.trust(ours, "acme/api")

	byRole := func(secretID string) vault.Auth {
		return vault.Auth{Method: vault.AppRole, RoleID: secret.New([]byte(roleID)), SecretID: secret.New([]byte(secretID))}
	}
	byJob := func(sign func(audience string) string) vault.Auth {
		return vault.Auth{Method: vault.JWT, Role: "ci-prod", Identity: func(_ context.Context, audience string) (secret.Value, error) {
			return secret.New([]byte(sign(audience))), nil
		}}
	}
	claims := func(repository, name string, value any) vault.Auth {
		return byJob(func(audience string) string {
			all := ours.claims(repository, audience)
			all[name] = value
			return ours.sign(all)
		})
	}
	role := func(auth vault.Auth, name string) vault.Auth { auth.Role = name; return auth }
	good := byJob(func(audience string) string { return ours.sign(ours.claims("acme/api", audience)) })
	for _, test := range []struct {
		name  string
		auth  vault.Auth
		words []string // of the refusal; nil: the login is good
	}{
		{"AppRole", byRole(secretID), nil},
		{"AppRole with another secret id", byRole("wrong"), []string{"role id", "secret-id"}},
		{"Kubernetes", byPod("ci"), nil},
		{"Kubernetes from another pod", byPod("web"), []string{"bound to other service accounts"}},
		{"Kubernetes with a token of another cluster", byPod("stranger"), []string{"auth/kubernetes"}},
		{"Kubernetes for a role that is not there", role(byPod("ci"), "ci-none"), []string{`no role "ci-none"`}},
		{"JWT", good, nil},
		{"JWT of another repository", claims("acme/other", "x", 1), []string{"other claims", "bound_claims"}},
		{"JWT of another environment", claims("acme/api", "sub", "repo:acme/api:environment:dev"), []string{"other claims"}},
		{"JWT of a pull request", claims("acme/api", "sub", "repo:acme/api:pull_request"), []string{"other claims"}},
		{"JWT of another issuer", claims("acme/api", "iss", "https://elsewhere.example"), []string{"issuer"}},
		{"JWT that has run out", claims("acme/api", "exp", 1), []string{"not valid now"}},
		{"JWT signed by another", byJob(func(audience string) string { return other.sign(ours.claims("acme/api", audience)) }), []string{"who signed"}},
		{"JWT for a role that is not there", role(good, "ci-none"), []string{`no role "ci-none"`}},
		{"JWT for another audience", vault.Auth{Method: vault.JWT, Role: "ci-prod", Audience: "https://other.example", Identity: good.Identity}, []string{"audience"}},
		{"JWT at a mount that is not there", vault.Auth{Method: vault.JWT, Role: "ci-prod", Mount: "nowhere", Identity: good.Identity}, []string{"auth/nowhere"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := v.accessors()
			source := v.open(test.auth)
			got := read(t, source, "prod/web", "KEY", "")
			if test.words != nil {
				wantError(t, got.Err, store.ErrUnauthentic, test.words...)
			} else {
				wantValue(t, got, "third")
				if during := v.accessors(); len(during) != len(before)+1 {
					t.Errorf("%d tokens while it is read, %d before", len(during), len(before))
				}
			}
			if err := source.Close(t.Context()); err != nil {
				t.Errorf("close: %v", err)
			}
			if after := v.accessors(); !maps.Equal(before, after) {
				t.Errorf("%d tokens live after it, %d before: %q", len(after), len(before), slices.Sorted(maps.Keys(after)))
			}
		})
	}
}
