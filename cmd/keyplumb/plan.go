package main

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"

	"github.com/keyplumb/keyplumb/sync/plan"
)

func (c *Command) planCommand(code *int) *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use: "plan", Short: "Show what sync would do", Args: noArguments,
		Long: "Show what sync would do. Writes nothing. With --out the plan is saved, bound to the policy, the commit,\n" +
			"the sources and the targets as they are now, and sync --plan applies just that, or refuses it as stale.",
	}
	r := c.newRun(cmd)
	cmd.Flags().StringVar(&out, "out", "", "save the plan to `FILE`")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		*code, err = r.plan(cmd.Context(), out)
		return err
	}
	return cmd
}

func (r *run) plan(ctx context.Context, out string) (int, error) {
	if done, code, err := r.prepare(ctx); done || err != nil {
		return code, err
	}
	defer r.opened.close(ctx)
	if out != "" && r.engine.Keys.Current.IsZero() {
		return 0, refuse(exitFailed, "set KEYPLUMB_LEDGER_KEY; make one with keyplumb keygen", "a saved plan is bound by the ledger key, and there is none")
	}
	o, err := r.observe(ctx, false)
	if err != nil {
		return 0, err
	}
	code := r.problems(ctx, o)
	if out != "" && code == exitOK {
		if err := r.save(o, out); err != nil {
			return 0, err
		}
	}
	rep := r.report(o, code)
	rep.Changes = changes(&o.Plan, nil)
	return r.finishRun(rep)
}

// save writes the plan to a file.
func (r *run) save(o *observed, file string) error {
	saved := o.Plan.Save(r.engine.Keys.Current, r.basis(o))
	var b bytes.Buffer
	err := saved.Write(&b)
	if err == nil {
		err = r.writeFile(file, b.Bytes(), 0o600)
	}
	if err != nil {
		return refuse(exitFailed, "", "the plan could not be saved to %s", file)
	}
	return nil
}

// basis is what the plan rests on.
func (r *run) basis(o *observed) plan.Basis {
	return plan.Basis{Policy: r.session.policy.Digest, Commit: r.commit, Scopes: o.Scopes, Options: plan.SavedOptions{
		Environments: r.selected.environments, Targets: r.selected.targets, Secrets: r.selected.secrets,
		Adopt: r.engine.Options.Adopt, AdoptAll: r.engine.Options.AdoptAll, Prune: r.flags.prune, MaxDelete: r.flags.maxDelete,
		Refresh: r.flags.refresh, AllowRollback: r.flags.allowRollback,
	}}
}
