package github_test

import (
	"cmp"
	"net/http"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/emulator/github/githubtest"
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
					hub := emulate(t)
					target := openAt(t, hub.URL, test.options)
					return storetest.TargetFixture{
						Target: target, Scope: test.scope, Other: test.other, Missing: test.missing,
						Stored: func(scope store.Scope, kind store.Kind, name string) (string, bool) {
							at := placeOf(scope).For(test.options.Store)
							if kind == store.Variable {
								return hub.VariableValue(at, name)
							}
							return hub.SecretValue(at, name)
						},
						Break:   func(kind error) bool { return fail(hub, kind) },
						Deletes: func() int { return asked(hub, http.MethodDelete) },
					}
				},
			})
		})
	}
}

// emulate starts an emulator, every exchange with which is held against
// GitHub's description of its API, with an organization of three repositories, the
// first of which has environments.
func emulate(t *testing.T) *githubtest.Server {
	t.Helper()
	hub := githubtest.Start(t, emulator.Options{})
	for _, name := range []string{"acme/api", "acme/web", "acme/docs"} {
		hub.AddRepository(name)
	}
	hub.AddEnvironment("acme/api", "prod")
	hub.AddEnvironment("acme/api", "a/b c")
	hub.AddToken("a token")
	return hub
}

// openAt opens a target, with what is usual filled in.
func openAt(t *testing.T, url string, o github.Options) *github.Target {
	t.Helper()
	o.URL, o.Repository, o.Organization = url, "acme/api", "acme"
	o.Store, o.ScopeKind = cmp.Or(o.Store, github.Actions), cmp.Or(o.ScopeKind, github.ScopeEnvironment)
	if o.App == nil && o.Token.IsEmpty() {
		o.Token = secret.New([]byte("a token"))
	}
	target, err := github.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func placeOf(scope store.Scope) emulator.Place {
	if env, ok := strings.CutPrefix(string(scope), "environment:"); ok {
		return emulator.InEnvironment("acme/api", env)
	}
	if scope == "organization" {
		return emulator.InOrganization("acme")
	}
	return emulator.InRepository("acme/api")
}

// fail makes every answer a refusal that echoes all that it was sent.
func fail(hub *githubtest.Server, kind error) bool {
	status := map[error]int{
		store.ErrDenied:      http.StatusForbidden,
		store.ErrUnauthentic: http.StatusUnauthorized,
		store.ErrUnavailable: http.StatusNotImplemented, // which is not worth another try
	}[kind]
	hub.Inject(emulator.Fault{Effect: emulator.Echo(status)})
	return status != 0
}

func asked(hub *githubtest.Server, method string) int {
	n := 0
	for _, request := range hub.Requests() {
		if request.Method == method {
			n++
		}
	}
	return n
}
