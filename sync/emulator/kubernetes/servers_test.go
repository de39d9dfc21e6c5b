package kubernetes_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestServers has a real kube-apiserver answer what this emulator answers, and
// read by keyplumb's own source: the tests of the module in
// testdata/servers/kubernetes. Its first build takes some five minutes, and it
// needs etcd, so it runs where KEYPLUMB_TEST_SERVERS is set: make test-servers.
func TestServers(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_SERVERS") == "" {
		t.Skip("LEFT OUT: a real kube-apiserver, against the emulator and the source kubernetes; make test-servers runs it")
	}
	const tests = "../../../testdata/servers/kubernetes"
	for _, step := range []struct {
		folder    string
		arguments []string
	}{
		{tests + "/apiserver", []string{"mod", "tidy", "-diff"}},
		{tests, []string{"mod", "tidy", "-diff"}},
		{tests, []string{"vet", "./..."}},
		{tests, []string{"test", "-count", "1", "-timeout", "30m", "./..."}},
	} {
		command := exec.CommandContext(t.Context(), "go", step.arguments...)
		command.Dir = step.folder
		command.Stdout, command.Stderr = os.Stdout, os.Stderr
		if err := command.Run(); err != nil {
			t.Fatalf("go %s in %s: %v", step.arguments[0], step.folder, err)
		}
	}
}
