package kubernetes_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Source(t, storetest.SourceHarness{
		Paths: []string{"api", "prod/web.config"}, Missing: "prod/none",
		Structured: true, Nested: true, Listing: true, Binary: true, Versioned: true, Dated: true,
		New: fixture,
	})
}

func fixture(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
	s := newServer(t)
	fill := func(secrets storetest.Secrets) {
		for path, fields := range secrets {
			s.hold(t, path, fields)
		}
	}
	fill(secrets)
	return storetest.SourceFixture{
		Source: open(t, s.options()),
		Reopen: func() store.Source { return open(t, s.options()) },
		Reads:  func() int { return len(s.Requests()) },
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
		Stray: func() { s.Inject(emulator.Fault{Effect: emulator.EchoText(404)}) },
		Break: func(kind error) bool {
			status := map[error]int{store.ErrDenied: 403, store.ErrUnauthentic: 401, store.ErrUnavailable: 418}[kind]
			if status == 0 {
				return false
			}
			s.Inject(emulator.Fault{When: func(_ int, _, path string) bool { return strings.HasPrefix(path, "/api/") }, Effect: emulator.Failing(status)})
			return true
		},
	}
}
