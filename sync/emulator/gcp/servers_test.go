package gcp_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestServers has a server of Google's published service answer what this
// emulator answers, and read by keyplumb's own source: the tests of the module
// in testdata/servers/gcp. It runs where KEYPLUMB_TEST_SERVERS is set: make
// test-servers.
func TestServers(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_SERVERS") == "" {
		t.Skip("LEFT OUT: a server of Google's published service, against the emulator and the source gcp; make test-servers runs it")
	}
	for _, arguments := range [][]string{
		{"mod", "tidy", "-diff"},
		{"vet", "./..."},
		{"test", "-count", "1", "./..."},
	} {
		command := exec.CommandContext(t.Context(), "go", arguments...)
		command.Dir = "../../../testdata/servers/gcp"
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		if err := command.Run(); err != nil {
			t.Fatalf("go %s: %v", arguments[0], err)
		}
	}
}
