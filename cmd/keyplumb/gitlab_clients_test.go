package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestClientsReadBack lets clients that nobody here wrote, python-gitlab and
// gitbeaker, read what keyplumb wrote to a project. It needs node, python3 and
// their packages, so it runs where KEYPLUMB_TEST_CLIENTS is set: make
// test-clients.
func TestClientsReadBack(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_CLIENTS") == "" {
		t.Skip("LEFT OUT: python-gitlab and gitbeaker read what a sync wrote; make test-clients runs it")
	}
	s := gitlabStage(t)
	s.write("keyplumb.cue", swap(swap(gitlabPolicy,
		`FIRST: owner:  "a"`, `FIRST: {owner: "a", file: true, description: "what for"}`),
		`SECOND: owner: "a"`, `SECOND: {owner: "a", hidden: true}`))
	block := "-----BEGIN " + "CERTIFICATE-----\n" + strings.Repeat("QUJD", 16) + "\n-----END " + "CERTIFICATE-----\n"
	sealed := map[string]map[string]string{}
	for _, environment := range []string{"dev", "prod"} {
		sealed[environment] = map[string]string{
			"FIRST": block + environment, "SECOND": "unseen+$HOME+" + environment, "PLAIN": "a$HOME ${FIRST} $$ ☃ " + environment,
		}
		s.seal(environment, sealed[environment])
	}
	s.must(exitOK, "sync")

	want := s.asReadBack(t, sealed)
	folder := t.TempDir()
	for _, client := range []string{"python_gitlab", "gitbeaker"} {
		script, err := filepath.Abs("../../testdata/clients/clients.sh")
		if err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), script, folder, client, "readback", "acme/api")
		command.Env = append(os.Environ(), "GITLAB_URL="+s.gitlabURL(), "GITLAB_TOKEN="+stageToken)
		command.Stderr = os.Stderr
		output, err := command.Output()
		if err != nil {
			t.Fatalf("%s: %v", client, err)
		}
		if got := jsonLines(t, string(output)); !slices.Equal(got, want) {
			t.Errorf("%s read\n%s\nwant\n%s", client, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// asReadBack is what a client is to see of the project: the values that were
// sealed, but for hidden ones, and what else the emulator holds.
func (s *stage) asReadBack(t *testing.T, sealed map[string]map[string]string) []string {
	t.Helper()
	var lines []string
	for _, v := range s.gitlab.Variables(inProject()) {
		fields := map[string]any{
			"key": v.Key, "environment_scope": v.Scope, "value": sealed[v.Scope][v.Key], "description": v.Description,
			"masked": v.Masked, "hidden": v.Hidden, "protected": v.Protected, "raw": v.Raw, "variable_type": "env_var",
		}
		if v.File {
			fields["variable_type"] = "file"
		}
		if v.Hidden {
			fields["value"] = nil
		}
		line, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	if len(lines) != 6 {
		t.Fatalf("a sync wrote %d variables", len(lines))
	}
	slices.Sort(lines)
	return lines
}

// jsonLines writes lines of JSON as encoding/json does, sorted.
func jsonLines(t *testing.T, text string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		normal, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(normal))
	}
	slices.Sort(lines)
	return lines
}

// gitlabURL is where the stage's GitLab listens.
func (s *stage) gitlabURL() string {
	for _, each := range slices.Backward(s.environ) {
		if url, ok := strings.CutPrefix(each, "CI_API_V4_URL="); ok {
			return strings.TrimSuffix(url, "/api/v4")
		}
	}
	return ""
}
