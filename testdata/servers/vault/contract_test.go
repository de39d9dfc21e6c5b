package vault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// TestContract runs the contract of every source against the real Vault.
func TestContract(t *testing.T) {
	for version, mount := range map[int]string{1: "one", 2: "kv"} {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			t.Parallel() // most of it is waiting for a Vault that stays sealed
			storetest.Source(t, storetest.SourceHarness{
				Paths: []string{"dev/web", "prod/deep/er"}, Missing: "none",
				Structured: true, Nested: true, Listing: true, Versioned: version == 2, Dated: version == 2,
				New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
					return fixture(t, mount, secrets)
				},
			})
		})
	}
}

// fixture is a source over a real Vault of its own that holds the secrets.
func fixture(t *testing.T, mount string, secrets storetest.Secrets) storetest.SourceFixture {
	t.Helper()
	v := start(t)
	v.policy("reader", map[string][]string{mount + "/*": {"read"}})
	fill := func(secrets storetest.Secrets) {
		for path, held := range secrets {
			if mount == "one" {
				v.admin("POST", "one/"+path, held)
				continue
			}
			v.admin("POST", "kv/data/"+path, fields{"data": held})
		}
	}
	fill(secrets)
	token, counted := v.token("reader"), &counter{prefix: "/v1/" + mount + "/"}
	open := func() store.Source {
		return v.open(withToken(token), func(o *vault.Options) { o.Mount, o.Next = mount, counted })
	}
	return storetest.SourceFixture{
		Source: open(), Reopen: open, Replace: fill,
		Reads: func() int { return int(counted.reads.Load()) },
		Whole: func(path string) string {
			text, err := json.Marshal(secrets[path])
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		},
		Break: func(kind error) bool {
			switch {
			case errors.Is(kind, store.ErrDenied):
				v.policy("reader", map[string][]string{mount + "/*": {"deny"}})
			case errors.Is(kind, store.ErrUnauthentic):
				v.admin("POST", "auth/token/revoke", fields{"token": token})
			case errors.Is(kind, store.ErrUnavailable):
				v.seal()
			default:
				return false
			}
			return true
		},
	}
}
