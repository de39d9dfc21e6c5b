package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// today is before and after the dates that the policies here name.
var today = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// What a policy means is held by goldens: every placement, every mistake that
// shows only between placements, every finding of the rules on policies. Each
// policy lies beside what it earns, and is to be read with it.
func TestSemantics(t *testing.T) {
	files, err := filepath.Glob("../testdata/policies/semantics/*.cue")
	if err != nil || len(files) < 15 {
		t.Fatalf("%d policies, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".cue"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := meaning(t, text)
			golden := file + ".golden"
			if os.Getenv("KEYPLUMB_UPDATE") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func meaning(t *testing.T, text []byte) string {
	t.Helper()
	p, mistakes, err := Load(t.Context(), Options{FS: fstest.MapFS{"keyplumb.cue": {Data: text}}})
	if err != nil || p == nil {
		t.Fatalf("%v\n%s", err, tell(mistakes))
	}
	placements, mistakes := p.Placements()
	var lines []string
	for _, x := range placements {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s = %s of %s %s", x.Target, x.Scope, x.Name, x.Secret.Name, x.Binding.Environment, attributesOf(x))))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n\n" + tell(mistakes) + "\n" + tell(p.Judge(p.Check(Context{Now: today}), today))
}

func attributesOf(p Placement) string {
	if len(p.Attributes) == 0 {
		return ""
	}
	return fmt.Sprint(p.Attributes)
}

func tell(findings []finding.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s[%s] %s: %s\n", f.Severity, f.Rule, f.Position, f.Message)
		if f.Help != "" {
			fmt.Fprintf(&b, "\thelp: %s\n", f.Help)
		}
	}
	return b.String()
}

func TestTheSmallestPolicyEarnsNoWarning(t *testing.T) {
	p := example(t, "small.cue")
	_, mistakes := p.Placements()
	if worst, found := finding.Worst(append(mistakes, p.Check(Context{Now: today})...)); found && worst > finding.Info {
		t.Errorf("it earns\n%s", tell(p.Check(Context{Now: today})))
	}
}

func TestPolicyNotOwned(t *testing.T) {
	p := example(t, "small.cue")
	for _, tt := range []struct {
		name, file, text string
		found            bool
	}{
		{"no file says who owns what", "", "", false},
		{"covered", ".github/CODEOWNERS", "* @acme/x\n", false},
		{"covered by name", "CODEOWNERS", "/" + p.Files[0] + " @acme/x\n", false},
		{"another folder", "docs/CODEOWNERS", "docs/ @acme/x\n", true},
		{"its owner is taken away", "CODEOWNERS", "* @acme/x\n/" + p.Files[0] + "\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := fstest.MapFS{}
			if tt.file != "" {
				files[tt.file] = &fstest.MapFile{Data: []byte(tt.text)}
			}
			got := notOwned(p, Context{FS: files})
			if (len(got) > 0) != tt.found {
				t.Errorf("got\n%s", tell(got))
			}
		})
	}
}

func TestJudge(t *testing.T) {
	p := &Policy{
		Rules: map[string]Level{"no-owner": {Off: true}, "broad-scope": {Severity: finding.Error}, finding.Policy: {Off: true}},
		Allow: []Allowance{
			{Rule: "no-rotation", Secret: "A", Target: "t", Exception: Exception{Until: today.Add(time.Hour)}},
			{Rule: "static-credential", Exception: Exception{Until: today}},
			{Rule: finding.Policy, Exception: Exception{Until: today.Add(time.Hour)}},
		},
	}
	for _, tt := range []struct {
		name string
		in   finding.Finding
		want string
	}{
		{"turned off", finding.Finding{Rule: "no-owner"}, ""},
		{"raised", finding.Finding{Rule: "broad-scope", Severity: finding.Warning}, "error"},
		{"allowed", finding.Finding{Rule: "no-rotation", Secret: "A", Target: "t"}, ""},
		{"allowed for another target", finding.Finding{Rule: "no-rotation", Secret: "A", Target: "u"}, "info"},
		{"allowed for another secret", finding.Finding{Rule: "no-rotation", Secret: "B", Target: "t"}, "info"},
		{"allowed until today", finding.Finding{Rule: "static-credential", Severity: finding.Warning}, "warning"},
		{"a mistake cannot be allowed", finding.Finding{Rule: finding.Policy, Severity: finding.Error}, "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, f := range p.Judge([]finding.Finding{tt.in}, today) {
				got += f.Severity.String()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestSelection(t *testing.T) {
	p := example(t, "small.cue")
	for _, tt := range []struct {
		selection  Selection
		want, help string
	}{
		{Selection{}, "", ""},
		{Selection{Environments: []string{"prod"}, Targets: []string{"api"}, Secrets: []string{"DATABASE_URL"}}, "", ""},
		{Selection{Environments: []string{"pord"}}, `the policy has no environment "pord"`, `did you mean "prod"?`},
		{Selection{Targets: []string{"apj"}}, `the policy has no target "apj"`, `did you mean "api"?`},
		{Selection{Secrets: []string{"DATABASE_URI"}}, `the policy has no secret "DATABASE_URI"`, `did you mean "DATABASE_URL"?`},
	} {
		err := tt.selection.Validate(p)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || err.Error() != tt.want) {
			t.Errorf("%v: got %v, want %q", tt.selection, err, tt.want)
		}
		if e, ok := err.(*NameError); ok && e.Hint() != tt.help { //nolint:errorlint // Validate gives just this
			t.Errorf("%v: help %q, want %q", tt.selection, e.Hint(), tt.help)
		}
	}
	placements, _ := p.Placements()
	n := 0
	for _, x := range placements {
		if (Selection{Environments: []string{"dev"}, Secrets: []string{"DATABASE_URL"}}).Match(x) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d placements are selected, want 1", n)
	}
}

func TestAcross(t *testing.T) {
	tiers := []Tier{Development, Test, Staging, Production}
	for i, a := range tiers {
		for j, b := range tiers {
			want := finding.Warning
			switch {
			case i == j:
				want = finding.Info
			case a == Production || b == Production:
				want = finding.Error
			}
			if got := Across(a, b); got != want {
				t.Errorf("%s and %s: got %s, want %s", a, b, got, want)
			}
		}
	}
}
