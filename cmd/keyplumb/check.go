package main

import (
	"github.com/spf13/cobra"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/report"
)

func (c *Command) checkCommand(code *int) *cobra.Command {
	var policies policyFlags
	var selected selectFlags
	var reports reportFlags
	explain := false
	cmd := &cobra.Command{
		Use: "check", Short: "Lint the policy", Args: noArguments,
		Long: "Lint the policy: what it says, and what it should not say. Uses no network and reads no secret.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if _, err := reports.outputs(); err != nil {
				return err
			}
			if _, _, err := reports.failing(); err != nil {
				return err
			}
			tree, err := c.worktree()
			if err != nil {
				return err
			}
			s, err := c.load(cmd.Context(), policies, tree)
			if err != nil {
				return err
			}
			if len(s.mistakes) > 0 {
				*code, err = c.invalid("check", &reports, s)
				return err
			}
			if err := s.selected(selected.selection()); err != nil {
				return err
			}
			if explain {
				return c.explainPolicy(s.policy, reports.jsonOnStdout())
			}
			*code, err = c.finish(&reports, report.Report{Command: "check", Policy: s.policyFile(), Findings: s.lint(selected.selection())}, quoting(s.files, s.policy.Files, nil))
			return err
		},
	}
	policies.add(cmd.Flags())
	selected.add(cmd.Flags())
	reports.add(cmd.Flags())
	cmd.Flags().BoolVar(&explain, "explain-policy", false, "print the policy as keyplumb understood it, every default filled in; as JSON with --report json")
	return cmd
}

// explainPolicy prints the policy with every default filled in.
func (c *Command) explainPolicy(p *policy.Policy, asJSON bool) error {
	explain := policy.Explain
	if asJSON {
		explain = policy.ExplainJSON
	}
	text, err := explain(p)
	if err != nil {
		return refuse(exitFailed, "", "the policy could not be printed")
	}
	_, err = c.Stdout.Write(text)
	return err
}
