package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/policy/report"
)

func TestFinish(t *testing.T) {
	warned := []finding.Finding{{Rule: "no-rotation", Severity: finding.Warning, Message: "m"}}
	failed := []finding.Finding{{Rule: "edited", Severity: finding.Error, Message: "m"}}
	for _, test := range []struct {
		name   string
		failOn string
		report report.Report
		want   int
	}{
		{"nothing", "error", report.Report{Command: "plan"}, exitOK},
		{"a warning", "error", report.Report{Command: "plan", Findings: warned}, exitOK},
		{"a warning that fails", "warning", report.Report{Command: "plan", Findings: warned}, exitFindings},
		{"everything fails", "info", report.Report{Command: "plan", Findings: warned}, exitFindings},
		{"an error", "error", report.Report{Command: "drift", Findings: failed}, exitFindings},
		{"never", "never", report.Report{Command: "drift", Findings: failed}, exitOK},
		{"a failure goes before findings", "error", report.Report{Command: "drift", ExitCode: exitFailed, Findings: failed}, exitFailed},
		{"part-way goes before findings", "never", report.Report{Command: "sync", ExitCode: exitPartial, Findings: failed}, exitPartial},
	} {
		var stdout bytes.Buffer
		c := &Command{Stdout: &stdout, Dir: t.TempDir()}
		got, err := c.finish(&reportFlags{failOn: test.failOn, reports: []string{"json=report.json"}}, test.report, nil)
		if got != test.want || err != nil {
			t.Errorf("%s: %d, %v, want %d", test.name, got, err, test.want)
		}
		if text, err := os.ReadFile(filepath.Join(c.Dir, "report.json")); err != nil || len(text) == 0 || stdout.Len() == 0 {
			t.Errorf("%s: a report is missing: %v", test.name, err)
		}
	}
}

// TestUnwritableReport may not say that nothing was written where it was.
func TestUnwritableReport(t *testing.T) {
	for writes, want := range map[int]int{0: exitFailed, 3: exitPartial} {
		var stdout bytes.Buffer
		c := &Command{Stdout: &stdout, Dir: t.TempDir()}
		r := report.Report{Command: "sync", Summary: report.Summary{Writes: writes}}
		_, err := c.finish(&reportFlags{failOn: "error", reports: []string{"json=no/such/folder"}}, r, nil)
		if err == nil || codeOf(err) != want {
			t.Errorf("%d writes: %v, exit code %d, want %d", writes, err, codeOf(err), want)
		}
		if stdout.Len() == 0 {
			t.Error("one report that fails keeps back the other")
		}
	}
}
