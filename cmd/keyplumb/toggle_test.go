package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A file has one namespace for secrets and plain variables: a name that turns
// from one into the other is not left over as what it was, to be pruned.
func TestAToggledNameIsNotPrunedFromADotenvFile(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	policy := func(sensitive string) string {
		return `package keyplumb

environments: dev: tier: "development"
sources: files: {kind: "sops", path: "secrets.{env}.yaml"}
targets: local: {kind: "dotenv", path: ".env.{env}"}
secrets: FIRST: {owner: "a", sensitive: ` + sensitive + `}
`
	}
	for _, order := range [][2]string{{"true", "false"}, {"false", "true"}} {
		s := newStage(t)
		gitIn(t, s.dir, "init", "-q")
		s.write(".gitignore", ".env*\n")
		s.seal("dev", values("dev", "one"))
		s.write("keyplumb.cue", policy(order[0]))
		s.must(exitOK, "sync")
		s.write("keyplumb.cue", policy(order[1]))
		out := s.must(exitOK, "sync", "--prune")
		text, err := os.ReadFile(filepath.Join(s.dir, ".env.dev"))
		if err != nil || !strings.Contains(string(text), "FIRST of dev, one") {
			t.Errorf("%v: the value is gone (%v)\n%s", order, err, out)
		}
		if out := s.must(exitOK, "drift"); !strings.Contains(out, "1 in sync, 0 unverified; no errors, no warnings") {
			t.Errorf("%v: %s", order, out)
		}
	}
}
