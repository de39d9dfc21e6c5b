package vault_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestServers has a real Vault answer what this emulator answers, and read by
// keyplumb's own source: the tests of the module in testdata/servers/vault. Its
// first build takes some five minutes, so it runs where KEYPLUMB_TEST_SERVERS
// is set: make test-servers.
func TestServers(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_SERVERS") == "" {
		t.Skip("LEFT OUT: a real Vault, against the emulator and the source vault; make test-servers runs it")
	}
	for _, arguments := range [][]string{
		{"mod", "tidy", "-diff"},
		{"vet", "./..."},
		{"test", "-count", "1", "./..."},
	} {
		command := exec.CommandContext(t.Context(), "go", arguments...)
		command.Dir = "../../../testdata/servers/vault"
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		if err := command.Run(); err != nil {
			t.Fatalf("go %s: %v", arguments[0], err)
		}
	}
}
