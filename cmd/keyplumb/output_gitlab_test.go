package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/policy/report"
)

// inGitLabJob finishes a report with one error, in a job of GitLab CI.
func inGitLabJob(t *testing.T, dir string, environ []string, reports ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := &Command{Stdout: &out, Stderr: &errs, Dir: dir, Environ: environ, Clock: func() time.Time { return time.Unix(7, 0) }}
	r := report.Report{Command: "drift", Findings: []finding.Finding{{Rule: "edited", Severity: finding.Error, Message: "m", Name: "A"}}}
	if code, err := c.finish(&reportFlags{failOn: "error", reports: reports}, r, nil); code != exitFindings || err != nil {
		t.Errorf("%d, %v", code, err)
	}
	return out.String(), errs.String()
}

var gitlabEnviron = []string{"GITLAB_CI=true", "CI_PIPELINE_SOURCE=push"}

func holds(t *testing.T, dir, name, text string) {
	t.Helper()
	if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(got), text) {
		t.Errorf("%s: %v, %q", name, err, got)
	}
}

func TestGitLabReportsByDefault(t *testing.T) {
	dir := t.TempDir()
	stdout, _ := inGitLabJob(t, dir, gitlabEnviron)
	holds(t, dir, "gl-code-quality-report.json", `"check_name": "edited"`)
	holds(t, dir, "keyplumb-junit.xml", `<failure type="edited"`)
	if !strings.HasPrefix(stdout, "\x1b[0Ksection_start:7:keyplumb_drift_findings\r\x1b[0KFindings: 1 error\n") {
		t.Errorf("%q", stdout)
	}
}

func TestNoGitLabReportsWhereTheyAreNotWanted(t *testing.T) {
	for name, test := range map[string]struct {
		environ, reports []string
		left             string // the one file that is left
	}{
		"elsewhere":        {nil, nil, ""},
		"GitHub Actions":   {[]string{"GITHUB_ACTIONS=true"}, nil, ""},
		"both named":       {gitlabEnviron, []string{"gitlab=a/g.json", "junit"}, ""},
		"Code Quality":     {gitlabEnviron, []string{"gitlab"}, "keyplumb-junit.xml"},
		"JUnit, elsewhere": {gitlabEnviron, []string{"junit=a/j.xml"}, "gl-code-quality-report.json"},
	} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "a"), 0o700); err != nil {
			t.Fatal(err)
		}
		stdout, _ := inGitLabJob(t, dir, test.environ, test.reports...)
		for _, o := range gitlabDefaults() {
			if _, err := os.Stat(filepath.Join(dir, o.file)); (err == nil) != (o.file == test.left) {
				t.Errorf("%s: %s: %v", name, o.file, err)
			}
		}
		if test.environ == nil && strings.Contains(stdout, "section_start") {
			t.Errorf("%s: sections", name)
		}
	}
}

// JSON for a program has no sections around it.
func TestNoSectionsInJSON(t *testing.T) {
	if stdout, _ := inGitLabJob(t, t.TempDir(), gitlabEnviron, "json"); strings.Contains(stdout, "section_") {
		t.Errorf("%q", stdout)
	}
}

// A link that a commit planted is replaced, and what it points at left alone:
// of a report that nobody asked for as of one that was.
func TestReportsFollowNoLink(t *testing.T) {
	for _, reports := range [][]string{nil, {"junit=keyplumb-junit.xml"}, {"json=keyplumb-junit.xml"}} {
		dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "precious")
		if err := os.WriteFile(outside, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, filepath.Join(dir, "keyplumb-junit.xml")); err != nil {
			t.Fatal(err)
		}
		inGitLabJob(t, dir, gitlabEnviron, reports...)
		holds(t, dir, "keyplumb-junit.xml", "edited")
		if text, err := os.ReadFile(outside); err != nil || string(text) != "precious" {
			t.Errorf("%v: %q, %v", reports, text, err)
		}
	}
}

// Nor a folder that is a link out of the working directory.
func TestReportsLeaveNoDirectory(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "reports")); err != nil {
		t.Fatal(err)
	}
	c := &Command{Dir: dir, Environ: gitlabEnviron}
	if err := c.writeFile("reports/r.json", []byte("x"), 0o600); err == nil {
		t.Error("it was written")
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("outside there is %v", left)
	}
}

// One that cannot be written fails nothing.
func TestUnwritableGitLabReport(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "keyplumb-junit.xml", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, stderr := inGitLabJob(t, dir, gitlabEnviron)
	if stderr != "note: the junit report for GitLab could not be written to keyplumb-junit.xml\n" {
		t.Errorf("%q", stderr)
	}
	holds(t, dir, "gl-code-quality-report.json", "edited")
}
