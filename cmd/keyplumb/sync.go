package main

import (
	"context"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/policy/report"
	"github.com/keyplumb/keyplumb/sync/engine"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/store"
)

func (c *Command) syncCommand(code *int) *cobra.Command {
	saved := ""
	cmd := &cobra.Command{
		Use: "sync", Short: "Make the targets match the policy and the sources", Args: noArguments,
		Long: "Read every source, check every value, look at every target, show the plan, and carry it out.\n" +
			"Nothing is written unless all could be read and no error was found. Safe to run again at any point.",
	}
	r := c.newRun(cmd)
	cmd.Flags().StringVar(&saved, "plan", "", "apply just the plan saved in `FILE`, or refuse it as stale")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		*code, err = r.sync(cmd, saved)
		return err
	}
	return cmd
}

func (r *run) sync(cmd *cobra.Command, file string) (int, error) {
	ctx := cmd.Context()
	var text []byte
	if file != "" {
		var err error
		if text, err = r.readSaved(cmd, file); err != nil {
			return 0, err
		}
	}
	if done, code, err := r.prepare(ctx); done || err != nil {
		return code, err
	}
	defer r.opened.close(ctx)
	saved, err := r.verifySaved(text, file)
	if err != nil {
		return 0, err
	}
	o, err := r.observe(ctx, true)
	if err != nil {
		return 0, err
	}
	if code := r.problems(ctx, o); code != exitOK {
		return r.notWritten(o, code)
	}
	if saved != nil {
		if err := saved.Matches(o.Plan.Save(r.engine.Keys.Current, r.basis(o))); err != nil {
			return 0, refuse(exitFailed, newPlan, "%w", err)
		}
	}
	if o.blocks {
		return r.notWritten(o, exitOK)
	}
	return r.apply(ctx, o)
}

// notWritten reports a plan that was not carried out.
func (r *run) notWritten(o *observed, code int) (int, error) {
	rep := r.report(o, code)
	rep.Changes = changes(&o.Plan, nil)
	for i := range rep.Changes {
		rep.Changes[i].Result = "not_tried"
	}
	if len(rep.Changes) > 0 {
		r.say("note: nothing was written, because of the errors below")
	}
	return r.finishWithErrors(rep)
}

// finishWithErrors makes sure that what kept a sync from writing fails it,
// whatever --fail-on says.
func (r *run) finishWithErrors(rep report.Report) (int, error) {
	if worst, found := finding.Worst(rep.Findings); rep.ExitCode == exitOK && found && worst == finding.Error {
		rep.ExitCode = exitFindings
	}
	return r.finishRun(rep)
}

func (r *run) apply(ctx context.Context, o *observed) (int, error) {
	r.showPlan(o)
	before := len(o.Findings)
	code := r.applied(ctx, o, o.Apply(ctx))
	o.found = append(o.found, r.session.policy.Judge(o.Findings[before:], r.session.now)...)
	o.found = append(o.found, failures(o.Results)...)
	rep := r.report(o, code)
	rep.Changes = changes(&o.Plan, o.Results)
	return r.finishRun(rep)
}

// failures tell in the report why a change did not come about.
func failures(results []engine.Result) []finding.Finding {
	var out []finding.Finding
	for _, res := range results {
		if res.Err == nil {
			continue
		}
		f := res.Change.Finding()
		f.Severity, f.Message, f.Help = finding.Error, "it could not be written: "+store.Reason(res.Err), store.Hint(res.Err)
		out = append(out, f)
	}
	return out
}

// showPlan shows what is about to be done, where standard output is for people.
func (r *run) showPlan(o *observed) {
	outputs, err := r.reports.outputs()
	if err != nil || !slices.Contains(outputs, output{format: "text"}) {
		return
	}
	rep := r.report(o, exitOK)
	rep.Changes = changes(&o.Plan, nil)
	r.reports.planShown = report.Plan(r.Stdout, rep, report.TextOptions{Color: r.color(r.Stdout), GitLabClock: r.gitlabClock()}) == nil
}

// readSaved reads a saved plan and takes its selection and options. Giving
// others beside it would be another plan.
func (r *run) readSaved(cmd *cobra.Command, file string) ([]byte, error) {
	decides := []string{"env", "target", "secret", "adopt", "prune", "max-delete", "refresh", "allow-rollback"}
	var given []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(decides, f.Name) {
			given = append(given, f.Name)
		}
	})
	if len(given) > 0 {
		return nil, refuse(exitUsage, "give it to keyplumb plan instead", "--%s cannot be given with --plan: the plan says it", given[0])
	}
	text, err := os.ReadFile(r.path(file))
	if err != nil {
		return nil, refuse(exitFailed, "save one with keyplumb plan --out "+file, "the saved plan %s cannot be read", file)
	}
	o, err := plan.PeekOptions(text)
	if err != nil {
		return nil, refuse(exitFailed, newPlan, "%s: %w", file, err)
	}
	r.selected = selectFlags{o.Environments, o.Targets, o.Secrets}
	r.flags.adopt, r.flags.prune, r.flags.maxDelete = o.Adopt, o.Prune, o.MaxDelete
	r.flags.refresh, r.flags.allowRollback = o.Refresh, o.AllowRollback
	if o.AdoptAll {
		r.flags.adopt = []string{"all"}
	}
	return text, nil
}

const newPlan = "make a new plan with keyplumb plan --out, and review it"

// verifySaved checks a saved plan's MAC, now that the ledger key is known. No
// text is no saved plan.
func (r *run) verifySaved(text []byte, file string) (*plan.Saved, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // there is none, and that is in order
	}
	if r.engine.Keys.Current.IsZero() {
		return nil, refuse(exitFailed, "set KEYPLUMB_LEDGER_KEY", "a saved plan is bound by the ledger key, and there is none")
	}
	saved, err := plan.ReadSaved(text, r.engine.Keys.Current)
	if err != nil {
		return nil, refuse(exitFailed, newPlan, "%s: %w", file, err)
	}
	return &saved, nil
}
