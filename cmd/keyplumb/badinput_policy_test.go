package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBadPolicy(t *testing.T) {
	tryBadInputs(t, []badInput{
		{name: "no policy", prepare: func(s *stage) { s.remove("keyplumb.cue") }, code: exitUsage,
			want: []string{"error: no policy", "keyplumb.cue", "hint: write one at the repository's root, or name it with --policy PATH"}},
		{name: "a policy that is not there", args: "sync --policy nowhere.cue", code: exitUsage, want: []string{"nowhere.cue"}},
		{name: "an empty policy", prepare: text(""), code: exitUsage, want: []string{"no package clause", "help: begin it with: package keyplumb"}},
		{name: "a policy of a package clause alone", prepare: text("package keyplumb\n"), code: exitUsage, want: []string{"the policy is empty", "keyplumb.cue:1:9", "help: name its environments"}},
		{name: "a syntax error", prepare: policyOf("secrets: {", "secrets: {{"), code: exitUsage, want: []string{"keyplumb.cue:"}},
		{name: "an unknown field", prepare: policyOf(`FIRST: owner:  "a"`, `FIRST: ownr: "a"`), code: exitUsage, want: []string{"ownr", "keyplumb.cue:10:9", `did you mean "owner"?`}},
		{name: "a wrong type", prepare: policyOf(`FIRST: owner:  "a"`, `FIRST: owner: 7`), code: exitUsage, want: []string{"owner", "keyplumb.cue:10:"}},
		{name: "two mistakes", prepare: policyOf(`FIRST: owner:  "a"`, `FIRST: {ownr: "a", rotate: 7}`), code: exitUsage, errors: 2, want: []string{"ownr", "rotate"}},
		{name: "a name that GitHub refuses", prepare: policyOf("FIRST:", "GITHUB_FIRST:"), code: exitUsage, want: []string{"GITHUB_FIRST", "keyplumb.cue:10:"}},
		{name: "a name with a space", prepare: policyOf("FIRST:", `"FIRST ONE":`), code: exitUsage, want: []string{"FIRST ONE", "keyplumb.cue:10:"}},
		{name: "two names equal but for case", prepare: policyOf(`FIRST: owner:  "a"`, "FIRST: owner: \"a\"\n\tFirst: owner: \"a\""), code: exitUsage, want: []string{"FIRST", "First", "keyplumb.cue:1"}},
		{name: "a kind that there is not", prepare: policyOf(`kind: "github"`, `kind: "gihtub"`), code: exitUsage, want: []string{"gihtub", "github"}},
		{name: "@extern", prepare: text("@extern(embed)\n\n" + stagePolicy), code: exitUsage, want: []string{"@extern", "keyplumb.cue:1:1"}},
		{name: "@embed", prepare: text(swap(stagePolicy, "secrets: {", "_x: _ @embed(file=secrets.dev.yaml,type=text)\nsecrets: {")), code: exitUsage, want: []string{"@embed", "keyplumb.cue:9:"}},
		{name: "a link out of the repository", prepare: func(s *stage) {
			outside := filepath.Join(s.t.TempDir(), "policy.cue")
			if err := os.WriteFile(outside, []byte(stagePolicy), 0o600); err != nil {
				s.t.Fatal(err)
			}
			s.remove("keyplumb.cue")
			if err := os.Symlink(outside, filepath.Join(s.dir, "keyplumb.cue")); err != nil {
				s.t.Fatal(err)
			}
		}, code: exitUsage, want: []string{"keyplumb.cue: a link that leaves the repository", "hint: a policy, and all that it imports, lives in the repository"}},
		{name: "a policy outside the repository", args: "sync --policy ../elsewhere.cue", code: exitUsage, want: []string{"../elsewhere.cue is outside the repository", "hint: "}},
		{name: "an import from a registry", prepare: text(strings.Replace(stagePolicy, "package keyplumb\n", "package keyplumb\n\nimport \"example.com/policies/ours\"\n\n_x: ours.X\n", 1)), code: exitUsage, want: []string{"example.com/policies/ours"}},
		{name: "a policy that runs for ever", alone: true, prepare: text(strings.Replace(stagePolicy, "package keyplumb\n",
			"package keyplumb\n\nimport \"list\"\n\n_r: list.Range(0, 3000, 1)\n_x: [for a in _r for b in _r for c in _r if a+b+c < 0 {a}]\n", 1)), code: exitUsage,
			want: []string{"error: the policy cannot be evaluated: it takes longer than 10s", "hint: look for a definition that grows without end"}},
	})
}

func (s *stage) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		s.t.Fatal(err)
	}
}
