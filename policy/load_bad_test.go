package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// TestLoadBad loads a policy for every mistake that people make. Each gives one
// finding, as the golden beside it says; many.cue gives all of its own at once.
// KEYPLUMB_UPDATE=1 writes the goldens anew.
func TestLoadBad(t *testing.T) {
	const dir = "../testdata/policies/bad"
	files, err := filepath.Glob(dir + "/*.cue")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d policies, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".cue")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, findings, err := Load(t.Context(), Options{FS: os.DirFS(dir), Paths: []string{name + ".cue"}})
			if err != nil || p != nil {
				t.Fatalf("policy %v, error %v", p, err)
			}
			if many := name == "many"; !many && len(findings) != 1 || many && len(findings) < 15 {
				t.Errorf("%d findings", len(findings))
			}
			golden(t, filepath.Join(dir, name+".golden"), render(findings))
			for _, f := range findings {
				if f.Rule != finding.Policy || f.Severity != finding.Error || f.Position.Line == 0 || f.Position.File != name+".cue" {
					t.Errorf("not where it should be: %+v", f)
				}
			}
		})
	}
}

// render writes findings for people to compare.
func render(findings []finding.Finding) string {
	var text strings.Builder
	for _, f := range findings {
		fmt.Fprint(&text, f.Position)
		if f.End.IsValid() {
			fmt.Fprintf(&text, "-%d:%d", f.End.Line, f.End.Column)
		}
		fmt.Fprintf(&text, ": %s\n", f.Message)
		if f.Help != "" {
			fmt.Fprintf(&text, "  help: %s\n", f.Help)
		}
	}
	return text.String()
}

// golden compares with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("KEYPLUMB_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
