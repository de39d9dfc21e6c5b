package azure_test

import (
	"crypto/rsa"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/emulator/azure"
)

// TestClients lets clients that nobody here wrote use the emulator:
// azure-identity and azure-keyvault-secrets, which Microsoft has for Python. It
// needs python3 and their packages, so it runs where KEYPLUMB_TEST_CLIENTS is
// set: make test-clients.
func TestClients(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_CLIENTS") == "" {
		t.Skip("LEFT OUT: Azure's own clients for Python against the emulator; make test-clients runs it")
	}
	s := newStage(t)
	s.entra.AddApplication(azure.Application{Tenant: tenant, Client: client,
		Federated: []azure.Federated{{Issuer: "https://ci.example", Subject: "repo:acme/api", Keys: []*rsa.PublicKey{&key().PublicKey}}}})
	s.entra.RevokeAll()
	entra := httptest.NewTLSServer(s.entra)
	defer entra.Close()
	s.vault.Challenge(entra.URL, tenant, azure.Resource)
	vault := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.vault.ServeHTTP(w, r) }))
	defer vault.Close()
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: vault.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	now := s.entra.Clock().Now()
	command := exec.CommandContext(t.Context(), "../../../testdata/clients/clients.sh", t.TempDir(), "azure_keyvault")
	command.Env = append(os.Environ(), "AZURE_KEYVAULT_URL="+vault.URL, "AZURE_AUTHORITY_HOST="+entra.URL, "AZURE_TENANT_ID="+tenant, "AZURE_CLIENT_ID="+client,
		"AZURE_ID_TOKEN="+s.assertion(jwt.MapClaims{"iss": "https://ci.example", "sub": "repo:acme/api", "aud": "api://AzureADTokenExchange", "exp": now.Add(time.Hour).Unix()}))
	// pip has roots of its own to believe: these are for the clients alone.
	command.Env = append(command.Env, "CLIENTS_CA_BUNDLE="+roots)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	const want = `{"current": "two", "deleted": ["from-python", true], "disabled": [403, "Forbidden", "SecretDisabled"], ` +
		`"first": ["one", {"owner": "payments"}, "2031-01-01T00:00:00+00:00", true], "names": ["from-python"], "none": "SecretNotFound", "versions": true}`
	if got := strings.TrimSpace(string(output)); got != want {
		t.Errorf("the clients saw\n%s\nwant\n%s", got, want)
	}
	if tokens := s.entra.Tokens(); len(tokens) != 1 || tokens[0].Resource != azure.Resource {
		t.Errorf("%d tokens", len(tokens))
	}
}
