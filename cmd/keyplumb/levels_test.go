package main

import (
	"strings"
	"testing"
)

// A level or an allowance quietens a report. It does not have a part of the
// policy written while the rest of it has no value, or a wrong one.
func TestNoLevelLicensesAWrite(t *testing.T) {
	constrained := strings.Replace(stagePolicy, `SECOND: owner: "a"`, `SECOND: {owner: "a", in: dev: value: =~"^never"}`, 1)
	without := values("dev", "one")
	delete(without, "SECOND")
	large := values("dev", "one")
	large["SECOND"] = strings.Repeat("x", 50<<10)
	for _, test := range []struct {
		rule, policy string
		dev          map[string]string
	}{
		{"missing-value", stagePolicy, without},
		{"invalid-value", constrained, values("dev", "one")},
		{"too-large", stagePolicy, large},
	} {
		for _, quiet := range []string{
			`rules: {"` + test.rule + `": "off"}`,
			`rules: {"` + test.rule + `": "warning"}`,
			`allow: [{rule: "` + test.rule + `", secret: "SECOND", reason: "later", until: "2999-01-01"}]`,
		} {
			s := newStage(t)
			s.write("keyplumb.cue", test.policy+quiet+"\n")
			s.seal("dev", test.dev)
			s.seal("prod", values("prod", "one"))
			s.must(exitOK, "plan")
			out := s.must(exitFindings, "sync", "--fail-on", "never")
			if !strings.Contains(out, "error["+test.rule+"]") || !strings.Contains(out, "nothing was written") || !strings.Contains(out, ", 0 writes") {
				t.Errorf("%s:\n%s", quiet, out)
			}
		}
	}
}
