package main

import (
	"slices"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/policy/report"
)

// gitlabDefaults are the reports that a job of GitLab CI leaves for it, in the
// working directory, under the names that artifacts:reports is to be given.
func gitlabDefaults() []output {
	return []output{{"gitlab", "gl-code-quality-report.json"}, {"junit", "keyplumb-junit.xml"}}
}

// gitlabClock has text put into the sections of GitLab's job log, where there
// is one.
func (c *Command) gitlabClock() func() time.Time {
	switch {
	case c.job().ci != gitlabCI:
		return nil
	case c.Clock != nil:
		return c.Clock
	}
	return time.Now
}

// writeForGitLab writes those of the default reports whose format was not asked
// for. Nobody asked for them, so that one that cannot be written fails nothing.
func (c *Command) writeForGitLab(asked []output, r report.Report, failing finding.Severity) {
	if c.job().ci != gitlabCI {
		return
	}
	for _, o := range gitlabDefaults() {
		if slices.ContainsFunc(asked, func(a output) bool { return a.format == o.format }) {
			continue
		}
		text, err := render(o.format, r, report.TextOptions{}, failing)
		if err == nil {
			err = c.replace(o.file, text, 0o644)
		}
		if err != nil {
			c.say("note: the " + o.format + " report for GitLab could not be written to " + o.file)
		}
	}
}
