package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// TestClients lets clients that nobody here wrote use the emulator: octokit
// with libsodium, and PyGithub with PyNaCl. It needs node, python3 and their
// packages, so it runs where KEYPLUMB_TEST_CLIENTS is set: make test-clients.
func TestClients(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_CLIENTS") == "" {
		t.Skip("LEFT OUT: octokit and PyGithub against the emulator; make test-clients runs it")
	}
	server := Start(t, github.Options{})
	server.AddRepository("acme/api")
	server.AddToken(bearer)
	folder, appKey := t.TempDir(), installApp(t, server)
	for _, client := range []string{"octokit", "pygithub"} {
		command := exec.CommandContext(t.Context(), clients+"/clients.sh", folder, client)
		command.Env = append(os.Environ(),
			"GITHUB_API_URL="+server.URL, "GITHUB_TOKEN="+bearer, "APP_ID=42", "APP_PRIVATE_KEY="+appKey,
		)
		output, err := command.CombinedOutput()
		t.Logf("%s", output)
		if err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(clients + "/github.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got := server.Snapshot(); got != string(want) {
		t.Errorf("the clients left\n%s\nwant\n%s", got, want)
	}
}

// clients is the folder of the clients' scripts.
const clients = "../../../../testdata/clients"

// installApp installs an App that may read secrets, and returns its key.
func installApp(t *testing.T, server *Server) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	server.AddApp(github.App{
		ID: 42, Slug: "reader", PublicKey: &key.PublicKey,
		Permissions: map[string]string{"metadata": "read", "secrets": "read"},
	})
	server.InstallApp(42, "acme")
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}
