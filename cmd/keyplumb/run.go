package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/policy/report"
	"github.com/keyplumb/keyplumb/sync/engine"
	"github.com/keyplumb/keyplumb/sync/plan"
)

// A run is one plan, sync or drift: its flags, and what it works with.
type run struct {
	*Command
	name     string
	policies policyFlags
	selected selectFlags
	reports  reportFlags
	flags    runFlags

	session *session
	engine  *engine.Engine
	opened  *providers
	commit  string

	mentions func(text []byte) bool // whether a text holds a value that was read
}

// newRun makes the run of a command and gives the command its flags.
func (c *Command) newRun(cmd *cobra.Command) *run {
	r := &run{Command: c, name: cmd.Name()}
	r.policies.add(cmd.Flags())
	r.selected.add(cmd.Flags())
	r.reports.add(cmd.Flags())
	r.flags.add(cmd.Flags())
	return r
}

// prepare checks the command line, the event that started the job and the
// policy, and sets up the engine. With a policy that has mistakes it reports
// them and gives their exit code; done says so.
func (r *run) prepare(ctx context.Context) (done bool, code int, err error) {
	if _, err := r.reports.outputs(); err != nil {
		return false, 0, err
	}
	if _, _, err := r.reports.failing(); err != nil {
		return false, 0, err
	}
	if err := r.flags.validate(); err != nil {
		return false, 0, err
	}
	job := r.job()
	if err := job.guardValues(r.name); err != nil {
		return false, 0, err
	}
	tree, err := r.treeOf(ctx, job)
	if err != nil {
		return false, 0, err
	}
	if r.session, err = r.load(ctx, r.policies, tree); err != nil {
		return false, 0, err
	}
	if len(r.session.mistakes) > 0 {
		code, err = r.invalid(r.name, &r.reports, r.session)
		return true, code, err
	}
	if err := r.session.selected(r.selected.selection()); err != nil {
		return false, 0, err
	}
	r.commit = tree.commit
	if err := r.wire(ctx, job, tree); err != nil {
		return false, 0, err
	}
	return false, 0, r.memory()
}

// observed is a run up to the plan, with all that was found on the way.
type observed struct {
	*engine.Run
	found  []finding.Finding // judged
	blocks bool              // something forbids to write
}

// observe reads the sources, looks at the targets and makes the plan.
func (r *run) observe(ctx context.Context, write bool) (*observed, error) {
	got, err := r.engine.Prepare(ctx, write)
	r.opened.progress.clear()
	if err != nil {
		return nil, &exitError{code: exitFailed, err: err}
	}
	lint := r.session.lint(r.engine.Selection)
	values := r.judged(got.Findings, write)
	o := &observed{Run: got}
	o.found = append(append(o.found, withoutHolds(lint)...), values...)
	worst, found := finding.Worst(o.found)
	o.blocks = found && worst == finding.Error
	o.found = append(o.found, r.session.policy.Judge(got.Plan.Findings, r.session.now)...)
	r.keepPrevious(got.Plan.Outdated)
	return o, nil
}

// keepPrevious tells of the entries that will not open without the previous
// ledger key, since nothing writes them now.
func (r *run) keepPrevious(outdated []plan.Place) {
	if len(outdated) == 0 {
		return
	}
	names := make([]string, len(outdated))
	for i, at := range outdated {
		names[i] = fmt.Sprintf("%s %s %s", at.Target, at.Scope, at.ID.Name)
	}
	r.say("note: keep KEYPLUMB_LEDGER_KEY_PREVIOUS for now: still under it, and not to be written by this run, are the entries of " + strings.Join(names, ", "))
}

// withoutHolds leaves out the holds that ran out: the plan tells of each, too.
func withoutHolds(lint []finding.Finding) []finding.Finding {
	return slices.DeleteFunc(lint, func(f finding.Finding) bool { return f.Rule == "expired-exception" && f.Environment != "" })
}

// judged gives the findings on values the levels that the policy sets. To write,
// a level and an allowance do not count where a value is not there or not
// right: all of it is written, or nothing.
func (r *run) judged(found []finding.Finding, write bool) []finding.Finding {
	var binding, others []finding.Finding
	for _, f := range found {
		if write && slices.Contains([]string{"missing-value", "invalid-value", "too-large", "unmaskable"}, f.Rule) {
			binding = append(binding, f)
		} else {
			others = append(others, f)
		}
	}
	return append(binding, r.session.policy.Judge(others, r.session.now)...)
}

// problems prints what could not be observed, and gives the exit code for it.
func (r *run) problems(ctx context.Context, o *observed) int {
	if len(o.Problems()) == 0 {
		return exitOK
	}
	for _, err := range o.Problems() {
		r.fail(ctx, &exitError{code: exitFailed, err: err})
	}
	return exitFailed
}

// report makes the report of a run.
func (r *run) report(o *observed, code int) report.Report {
	requests, writes := o.Requests()
	out := report.Report{Command: r.name, ExitCode: code, Findings: o.found, Policy: r.session.policyFile(),
		Summary: report.Summary{InSync: o.Plan.InSync, Unverified: o.Plan.Unverified, Requests: requests, Writes: writes}}
	out.Summary.Create, out.Summary.Update, out.Summary.Delete = o.Plan.Counts()
	finding.Sort(out.Findings)
	r.unmentioned(o, out.Findings)
	return out
}

// unmentioned takes out the messages that quote a value: a policy can hold one
// as a constraint.
func (r *run) unmentioned(o *observed, findings []finding.Finding) {
	r.mentions = o.Mentions
	for i := range findings {
		if o.Mentions([]byte(findings[i].Message)) {
			findings[i].Message = "what is wrong cannot be shown here, since the policy's own text holds a value; see the policy at this place"
		}
		if o.Mentions([]byte(findings[i].Help)) {
			findings[i].Help = "take the value out of the policy, and replace the key"
		}
	}
}

// finishRun writes the reports of a run.
func (r *run) finishRun(out report.Report) (int, error) {
	return r.finish(&r.reports, out, quoting(r.session.files, r.session.policy.Files, r.mentions))
}

// changes gives the plan's changes as the report has them.
func changes(p *plan.Plan, results []engine.Result) []report.Change {
	out := make([]report.Change, 0, len(p.Changes))
	for i, c := range p.Changes {
		change := report.Change{Action: string(c.Action), Target: c.Target, Scope: c.Scope, Name: c.Name,
			Environment: c.Environment, Reason: string(c.Reason), Attributes: c.Attributes}
		if results != nil {
			change.Result = results[i].Result
		}
		out = append(out, change)
	}
	return out
}

// memory says what a run without a ledger key cannot do: it refuses to prune,
// and tells in one line what a key would add.
func (r *run) memory() error {
	switch {
	case !r.engine.Keys.Current.IsZero():
		return nil
	case r.flags.prune:
		return refuse(exitFailed, "set KEYPLUMB_LEDGER_KEY; make one with keyplumb keygen",
			"--prune needs a ledger key: without one nothing tells what keyplumb wrote from what others did")
	}
	r.say("note: without a ledger key (KEYPLUMB_LEDGER_KEY) keyplumb cannot tell whether what is there is still what it wrote; make one with keyplumb keygen")
	return nil
}

// applied turns the outcome of Apply into an exit code and prints its errors.
func (r *run) applied(ctx context.Context, o *observed, err error) int {
	r.opened.progress.clear()
	if err == nil {
		return exitOK
	}
	code := exitFailed
	if o.Wrote() {
		code = exitPartial
	}
	got := r.fail(ctx, &exitError{code: code, err: err})
	if hint := afterwards(err, code); hint != "" && got != exitInterrupted {
		fmt.Fprintf(r.Stderr, "hint: %s\n", hint)
	}
	return got
}

// afterwards says what to do after a plan was not carried out, or not wholly.
func afterwards(err error, code int) string {
	switch {
	case errors.Is(err, engine.ErrTooManyDeletes):
		return "look at the plan; if it is right, allow it with --max-delete N"
	case errors.Is(err, engine.ErrMoved):
		return "let one run at a time write (concurrency: in GitHub Actions, resource_group: in GitLab CI), and run keyplumb sync again"
	case code == exitPartial:
		return "run keyplumb sync again: it mends what this run left unfinished"
	}
	return ""
}
