package azure_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestNotFoundIsTheVaultsWord: a gateway before the vault that has errors of the
// same form, but another code, says nothing on a secret.
func TestNotFoundIsTheVaultsWord(t *testing.T) {
	t.Parallel()
	s, h := inMemory(t)
	s.Set("api", "value", emulator.Properties{})
	s.Inject(emulator.Fault{When: afterLogin(s), Effect: emulator.Echo(http.StatusNotFound)})
	source := open(t, s.real(h))
	for _, version := range []string{"", "previous", strings.Repeat("0", 32)} {
		ref := store.Reference{Path: "api", Version: version}
		if got := readOne(t.Context(), t, source, ref); !errors.Is(got.Err, store.ErrUnavailable) || store.Hint(got.Err) == "" {
			t.Errorf("read %v: %v", ref, got.Err)
		}
		if got := source.Describe(t.Context(), []store.Reference{ref})[0]; version != "previous" && !errors.Is(got.Err, store.ErrUnavailable) {
			t.Errorf("describe %v: %v", ref, got.Err)
		}
	}
}

// TestNoHintQuotesAVariable: what is in AZURE_CLIENT_ID may have been meant for
// another variable; only an id is shown.
func TestNoHintQuotesAVariable(t *testing.T) {
	t.Parallel()
	const wrong = "a-password.that-is-no-id"
	s, h := inMemory(t)
	s.entra.AddApplication(emulator.Application{Tenant: tenant, Client: wrong, Secret: "s3"})
	s.Set("api", "value", emulator.Properties{})
	for name, secret := range map[string]string{"not let in": "s4", "denied": "s3"} {
		o := s.byEnvironment(h, map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": wrong, "AZURE_CLIENT_SECRET": secret})
		o.Auth.Client = wrong
		got := readOne(t.Context(), t, open(t, o), store.Reference{Path: "api"})
		if text := fmt.Sprint(got.Err, store.Hint(got.Err)); got.Err == nil || strings.Contains(text, wrong) {
			t.Errorf("%s: %s", name, text)
		}
	}
}
