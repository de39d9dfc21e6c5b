package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// What many secrets share is said once; what is graver stands by itself, and
// after it.
func TestNotesAreGathered(t *testing.T) {
	var findings []finding.Finding
	for i := range 8 {
		name := fmt.Sprintf("S%d", i)
		at := finding.Position{File: "keyplumb.cue", Line: i + 1, Column: 2}
		findings = append(findings,
			finding.Finding{Rule: "no-owner", Severity: finding.Info, Message: "nobody owns it", Help: "name one", Name: name, Position: at},
			finding.Finding{Rule: "edited", Severity: finding.Error, Message: "it was edited", Name: name, Position: at})
	}
	var out bytes.Buffer
	if err := Text(&out, Report{Command: "drift", Findings: findings}, TextOptions{}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if n := strings.Count(text, "info[no-owner]: S0, S1, S2, S3, S4 and 3 more: nobody owns it"); n != 1 || strings.Count(text, "no-owner") != 1 {
		t.Errorf("the notes are not gathered:\n%s", text)
	}
	if strings.Count(text, "error[edited]") != 8 || strings.Index(text, "no-owner") > strings.Index(text, "error[edited]") {
		t.Errorf("errors are gathered, or stand before the notes:\n%s", text)
	}
}
