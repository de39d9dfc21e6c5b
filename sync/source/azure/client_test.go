package azure_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestNoLog: what Azure's clients log when a variable tells them to is not
// printed. The variable is looked at when a process begins.
func TestNoLog(t *testing.T) {
	run := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestRequests$") //nolint:gosec // this very test binary
	run.Env = append(os.Environ(), "AZURE_SDK_GO_LOGGING=all")
	out, err := run.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "PASS" {
		t.Errorf("%v\n%s", err, out)
	}
}
