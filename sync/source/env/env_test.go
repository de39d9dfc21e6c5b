package env_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/keyplumb/keyplumb/sync/source/env"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// environment is a process's environment.
type environment map[string]any

func (e environment) lookup(name string) (string, bool) {
	value, found := e[name].(string)
	return value, found
}

func TestContract(t *testing.T) {
	storetest.Source(t, storetest.SourceHarness{
		Paths: []string{""}, Structured: true,
		New: func(_ *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
			e := environment(maps.Clone(secrets[""]))
			open := func() store.Source { return env.New(env.Options{Lookup: e.lookup}) }
			return storetest.SourceFixture{
				Source: open(), Reopen: open,
				Replace: func(secrets storetest.Secrets) {
					clear(e)
					maps.Copy(e, secrets[""])
				},
			}
		},
	})
}

func TestInvalid(t *testing.T) {
	s := env.New(env.Options{Lookup: environment{"NAME": "value"}.lookup})
	for _, ref := range []store.Reference{{Field: ""}, {Path: "x", Field: "NAME"}, {Field: "NAME", Version: "previous"}} {
		got := s.Read(t.Context(), []store.Reference{ref})[0]
		if !errors.Is(got.Err, store.ErrInvalid) || store.Hint(got.Err) == "" {
			t.Errorf("%v: %v, want one with a hint", ref, got.Err)
		}
	}
}

// What keyplumb itself runs on is in the environment, too, and a policy must
// not have it carried anywhere.
func TestCredentialsOfItsOwn(t *testing.T) {
	for _, name := range []string{"KEYPLUMB_LEDGER_KEY", "keyplumb_github_app_private_key", "GITHUB_TOKEN", "GH_TOKEN", "SOPS_AGE_KEY", "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
		"VAULT_TOKEN", "VAULT_ROLE_ID", "VAULT_SECRET_ID", "VAULT_ID_TOKEN",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "aws_id_token", "GOOGLE_APPLICATION_CREDENTIALS", "AZURE_CLIENT_SECRET", "IDENTITY_HEADER", "KUBERNETES_ID_TOKEN"} {
		s := env.New(env.Options{Lookup: environment{name: "value"}.lookup})
		got := s.Read(t.Context(), []store.Reference{{Field: name}})[0]
		if !errors.Is(got.Err, store.ErrDenied) || store.Hint(got.Err) == "" || !got.Value.IsEmpty() {
			t.Errorf("%s: %v, want it denied with a hint", name, got.Err)
		}
	}
}
