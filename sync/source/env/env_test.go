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
