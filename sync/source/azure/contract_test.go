package azure_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Source(t, storetest.SourceHarness{
		Paths: []string{"api-key", "database-url"}, Missing: "none", Versioned: true, Dated: true,
		New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
			s := newServer(t)
			fill := func(secrets storetest.Secrets) {
				for path, fields := range secrets {
					s.Set(path, fields[""].(string), emulator.Properties{})
				}
			}
			fill(secrets)
			return storetest.SourceFixture{
				Source: open(t, s.options()),
				Reopen: func() store.Source { return open(t, s.options()) },
				// The first read is challenged, and is one all the same.
				Reads: func() int {
					reads := maps.Clone(asked(s.Requests()))
					maps.DeleteFunc(reads, func(request string, _ int) bool { return !strings.HasPrefix(request, "GET /secrets/") })
					total := -1
					for _, n := range reads {
						total += n
					}
					return max(0, total)
				},
				Replace: func(secrets storetest.Secrets) {
					s.Vault.Clock().Advance(time.Minute)
					fill(secrets)
				},
				Stray: func() { s.Inject(emulator.Fault{When: afterLogin(s), Effect: emulator.EchoText(http.StatusNotFound)}) },
				Break: func(kind error) bool {
					status := map[error]int{store.ErrDenied: http.StatusForbidden, store.ErrUnauthentic: http.StatusUnauthorized, store.ErrUnavailable: http.StatusTeapot}[kind]
					if status == 0 {
						return false
					}
					s.Inject(emulator.Fault{When: afterLogin(s), Effect: emulator.Failing(status)})
					return true
				},
			}
		},
	})
}

// afterLogin holds for the vault's requests once a token was given.
func afterLogin(s *server) func(int, string, string) bool {
	return func(int, string, string) bool { return len(s.entra.Tokens()) > 0 }
}
