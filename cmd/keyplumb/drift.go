package main

import "github.com/spf13/cobra"

func (c *Command) driftCommand(code *int) *cobra.Command {
	cmd := &cobra.Command{
		Use: "drift", Short: "Fail if the targets are not as the policy and the sources say", Args: noArguments,
		Long: "Compare the targets with the policy and the sources, and report every difference as a finding. Writes nothing.",
	}
	r := c.newRun(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		*code, err = r.drift(cmd)
		return err
	}
	return cmd
}

func (r *run) drift(cmd *cobra.Command) (int, error) {
	ctx := cmd.Context()
	if done, code, err := r.prepare(ctx); done || err != nil {
		return code, err
	}
	defer r.opened.close(ctx)
	o, err := r.observe(ctx, false)
	if err != nil {
		return 0, err
	}
	o.found = append(o.found, r.session.policy.Judge(o.Plan.Drift(), r.session.now)...)
	return r.finishRun(r.report(o, r.problems(ctx, o)))
}
