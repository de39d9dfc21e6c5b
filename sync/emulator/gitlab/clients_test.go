package gitlab_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

// clients is the folder of the clients' scripts.
const clients = "../../../testdata/clients"

// TestClients lets clients that nobody here wrote use the emulator:
// python-gitlab and gitbeaker. It needs node, python3 and their packages, so it
// runs where KEYPLUMB_TEST_CLIENTS is set: make test-clients.
func TestClients(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_CLIENTS") == "" {
		t.Skip("LEFT OUT: python-gitlab and gitbeaker against the emulator; make test-clients runs it")
	}
	c := start(t, gitlab.Options{})
	folder := t.TempDir()
	run := func(arguments ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), clients+"/clients.sh", append([]string{folder}, arguments...)...)
		command.Env = append(os.Environ(), "GITLAB_URL="+c.url, "GITLAB_TOKEN="+owner)
		command.Stderr = os.Stderr
		output, err := command.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", arguments, err, output)
		}
		return string(output)
	}
	t.Log(run("python_gitlab") + run("gitbeaker"))
	want, err := os.ReadFile(clients + "/gitlab.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Snapshot(); got != string(want) {
		t.Errorf("the clients left\n%s\nwant\n%s", got, want)
	}
	// Both see the same, and nothing of what is hidden.
	python, node := run("python_gitlab", "readback", web), run("gitbeaker", "readback", web)
	if strings.Count(python, "\n") != len(c.Variables(gitlab.InProject(web))) || strings.Contains(python, "another+value") {
		t.Errorf("python-gitlab read\n%s", python)
	}
	if normal(t, python) != normal(t, node) {
		t.Errorf("python-gitlab read\n%s\ngitbeaker read\n%s", python, node)
	}
}

// normal writes lines of JSON as encoding/json does, sorted.
func normal(t *testing.T, lines string) string {
	t.Helper()
	var all []string
	for line := range strings.Lines(lines) {
		var read fields
		if err := json.Unmarshal([]byte(line), &read); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		text, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
