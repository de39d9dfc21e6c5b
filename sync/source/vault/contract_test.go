package vault_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

func TestContract(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("kv version ", version), func(t *testing.T) {
			storetest.Source(t, storetest.SourceHarness{
				Paths: []string{"dev/api", "prod/deep/er"}, Missing: "none",
				Structured: true, Nested: true, Listing: true, Versioned: version == 2, Dated: version == 2,
				New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
					return fixture(t, version, secrets)
				},
			})
		})
	}
}

func fixture(t *testing.T, version int, secrets storetest.Secrets) storetest.SourceFixture {
	s := newServer(t, version)
	s.AddPolicy("reads", emulator.Allow("kv/*", "read")) // the metadata, too
	fill := func(secrets storetest.Secrets) {
		for path, fields := range secrets {
			s.Put("kv", path, fields)
		}
	}
	fill(secrets)
	return storetest.SourceFixture{
		Source: open(t, s.options()),
		Reopen: func() store.Source { return open(t, s.options()) },
		Reads: func() int {
			reads := 0
			for request, n := range s.asked() {
				if strings.HasPrefix(request, "GET /kv/") {
					reads += n
				}
			}
			return reads
		},
		Replace: func(secrets storetest.Secrets) {
			s.Clock().Advance(time.Minute)
			fill(secrets)
		},
		Whole: func(path string) string {
			text, err := json.Marshal(secrets[path])
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		},
		Break: func(kind error) bool {
			status := map[error]int{store.ErrDenied: 403, store.ErrUnauthentic: 401, store.ErrUnavailable: 418}[kind]
			if status == 0 {
				return false
			}
			s.Inject(emulator.Fault{When: func(_ int, _, path string) bool { return strings.HasPrefix(path, "/kv/") }, Effect: emulator.Failing(status)})
			return !errors.Is(kind, store.ErrUnreadable)
		},
		Stray: func() {
			s.Inject(emulator.Fault{When: func(_ int, _, path string) bool { return strings.HasPrefix(path, "/kv/") }, Effect: emulator.EchoText(404)})
		},
	}
}
