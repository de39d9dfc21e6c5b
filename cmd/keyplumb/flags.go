package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
)

// policyFlags say which policy is meant.
type policyFlags struct{ paths []string }

func (f *policyFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.paths, "policy", nil, "the policy's `PATH`, a file or a folder; may be repeated")
}

// selectFlags limit a command to some environments, targets and secrets.
type selectFlags struct{ environments, targets, secrets []string }

func (f *selectFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.environments, "env", nil, "only this `ENVIRONMENT`; may be repeated")
	flags.StringArrayVar(&f.targets, "target", nil, "only this `TARGET`; may be repeated")
	flags.StringArrayVar(&f.secrets, "secret", nil, "only this `SECRET`; may be repeated")
}

func (f *selectFlags) selection() policy.Selection {
	return policy.Selection{Environments: f.environments, Targets: f.targets, Secrets: f.secrets}
}

// reportFlags say what is reported, how, and what fails the command.
type reportFlags struct {
	reports []string
	failOn  string

	planShown bool // standard output has the plan already
}

func (f *reportFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.reports, "report", nil, "write a report as `FORMAT[=FILE]`: "+strings.Join(builtFormats, ", ")+"; may be repeated")
	flags.StringVar(&f.failOn, "fail-on", "error", "fail on findings from this `LEVEL`: error, warning, info, never")
}

// An output is one report to be written; file "" is standard output.
type output struct{ format, file string }

// gitlab is GitLab's Code Quality, junit its tests.
var builtFormats = []string{"text", "json", "gitlab", "junit"}

// outputs reads --report. Text goes to standard output unless a report was
// asked for there.
func (f *reportFlags) outputs() ([]output, error) {
	var out []output
	onStdout := 0
	for _, asked := range f.reports {
		format, file, hasFile := strings.Cut(asked, "=")
		if !slices.Contains(builtFormats, format) {
			return nil, refuse(exitUsage, "there are: "+strings.Join(builtFormats, ", "), "there is no report format %q", format)
		}
		if hasFile && file == "" {
			return nil, refuse(exitUsage, "write it like --report json=report.json", "--report %s= names no file", format)
		}
		if !hasFile {
			onStdout++
		}
		out = append(out, output{format, file})
	}
	if onStdout > 1 {
		return nil, refuse(exitUsage, "give all but one a file: --report json=report.json", "only one report can go to standard output")
	}
	if onStdout == 0 {
		out = append(out, output{format: "text"})
	}
	return out, nil
}

// jsonOnStdout tells whether a program reads standard output.
func (f *reportFlags) jsonOnStdout() bool { return slices.Contains(f.reports, "json") }

// failing gives the severity from which findings fail the command; ok is false
// for never.
func (f *reportFlags) failing() (level finding.Severity, ok bool, err error) {
	if f.failOn == "never" {
		return 0, false, nil
	}
	level, ok = finding.ParseSeverity(f.failOn)
	if !ok {
		return 0, false, refuse(exitUsage, "there are: error, warning, info, never", "there is no level %q to fail on", f.failOn)
	}
	return level, true, nil
}

// runFlags are those of plan, sync and drift.
type runFlags struct {
	adopt          []string
	prune          bool
	maxDelete      int
	refresh        bool
	allowRollback  bool
	allowPlaintext bool
	allowHosts     []string
	allowTargets   []string
	leaks          bool
}

func (f *runFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.adopt, "adopt", nil, "take over what keyplumb did not write: `NAME,…` as CI sees them, or all")
	flags.BoolVar(&f.prune, "prune", false, "delete what keyplumb wrote and no policy names any more")
	flags.IntVar(&f.maxDelete, "max-delete", 10, "refuse to delete more than `N`")
	flags.BoolVar(&f.refresh, "refresh", false, "rewrite what is in sync, too")
	flags.BoolVar(&f.allowRollback, "allow-rollback", false, "write values whose source went back to an older version")
	flags.BoolVar(&f.allowPlaintext, "allow-plaintext", false, "let a dotenv target hold production's secrets")
	flags.StringSliceVar(&f.allowHosts, "allow-host", nil, "let credentials go to this `HOST`, in CI; may be repeated")
	flags.StringSliceVar(&f.allowTargets, "allow-target", nil, "let CI write to this `TARGET`, which is not its own repository; may be repeated")
	flags.BoolVar(&f.leaks, "leaks", false, "look for the values in the repository's files and history")
}

func (f *runFlags) validate() error {
	if f.maxDelete < 0 {
		return refuse(exitUsage, "", "--max-delete cannot be %d", f.maxDelete)
	}
	if len(f.adopt) > 1 && slices.Contains(f.adopt, "all") {
		return refuse(exitUsage, "", "--adopt takes names, or all, not both")
	}
	for _, list := range []struct {
		flag   string
		values []string
	}{{"adopt", f.adopt}, {"allow-host", f.allowHosts}, {"allow-target", f.allowTargets}} {
		if slices.Contains(list.values, "") {
			return refuse(exitUsage, "", "%s", fmt.Sprintf("--%s has an empty name", list.flag))
		}
	}
	return nil
}

func (f *runFlags) adoptsAll() bool { return slices.Equal(f.adopt, []string{"all"}) }
