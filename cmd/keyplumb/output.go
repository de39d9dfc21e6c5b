package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/term"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/policy/report"
)

// finish writes the reports that were asked for and gives the exit code: the
// one given, or exitFindings where that is exitOK and a finding is grave
// enough. Source gives the policy's files to quote from; it may be nil.
func (c *Command) finish(flags *reportFlags, r report.Report, source func(file string) ([]byte, bool)) (int, error) {
	outputs, err := flags.outputs()
	if err != nil {
		return 0, err
	}
	level, fails, err := flags.failing()
	if err != nil {
		return 0, err
	}
	if worst, found := finding.Worst(r.Findings); r.ExitCode == exitOK && found && fails && worst >= level {
		r.ExitCode = exitFindings
	}
	r.Count()
	if !fails {
		level = finding.Error // a test may fail where the command is not to
	}
	var errs []error
	for _, o := range outputs {
		looks := report.TextOptions{Source: source}
		if o.file == "" {
			looks.PlanShown, looks.Color, looks.GitLabClock = flags.planShown, c.color(c.Stdout), c.gitlabClock()
		}
		errs = append(errs, c.write(o, r, looks, level))
	}
	c.writeForGitLab(outputs, r, level)
	if err := errors.Join(errs...); err != nil {
		return 0, &exitError{code: unreported(r), err: err}
	}
	return r.ExitCode, nil
}

// unreported is the exit code of a run whose report could not be written: that
// nothing was written to a target may be said only where it is so.
func unreported(r report.Report) int {
	if r.Summary.Writes > 0 {
		return exitPartial
	}
	return exitFailed
}

func (c *Command) write(o output, r report.Report, looks report.TextOptions, failing finding.Severity) error {
	text, err := render(o.format, r, looks, failing)
	if err != nil {
		return err
	}
	if o.file == "" {
		_, err = c.Stdout.Write(text)
	} else {
		err = c.writeFile(o.file, text, 0o644) // a report holds no value, and is for others to read
	}
	if err != nil {
		where := o.file
		if where == "" {
			where = "standard output"
		}
		return refuse(exitFailed, "is the folder there, and may it be written to?", "the %s report could not be written to %s", o.format, where)
	}
	return nil
}

// render gives a report in a format. Failing is the severity from which a
// finding is a failed test.
func render(format string, r report.Report, looks report.TextOptions, failing finding.Severity) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch format {
	case "json":
		err = report.JSON(&b, r)
	case "gitlab":
		err = report.GitLab(&b, r)
	case "junit":
		err = report.JUnit(&b, r, failing)
	default:
		err = report.Text(&b, r, looks)
	}
	return b.Bytes(), err
}

// quoting gives the policy's own files to quote from, and no other: what else
// a finding points at may hold a value on its line. Nor one that holds a value
// itself, as far as those are known; mentions may be nil.
func quoting(files fs.FS, policyFiles []string, mentions func([]byte) bool) func(string) ([]byte, bool) {
	if files == nil {
		return nil
	}
	return func(name string) ([]byte, bool) {
		if !slices.Contains(policyFiles, name) {
			return nil, false
		}
		content, err := fs.ReadFile(files, name)
		return content, err == nil && (mentions == nil || !mentions(content))
	}
}

// path resolves a file's name against the working directory.
func (c *Command) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.Dir, name)
}

// color tells whether a writer is to get colour: a terminal, unless NO_COLOR
// (no-color.org) or FORCE_COLOR says otherwise.
func (c *Command) color(w io.Writer) bool {
	switch {
	case c.Getenv("NO_COLOR") != "":
		return false
	case c.Getenv("FORCE_COLOR") != "":
		return true
	}
	return isTerminal(w) && c.Getenv("TERM") != "dumb"
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
