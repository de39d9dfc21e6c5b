package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/keyplumb/keyplumb/sync/secret"
)

func (c *Command) keygenCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keygen", Short: "Make a ledger key", Args: noArguments,
		Long: "Make a ledger key: 32 random bytes in base64, printed once and kept nowhere.\n" +
			"Put it where the secrets are, and give it as KEYPLUMB_LEDGER_KEY to the job that syncs, and to no other.",
		Run: func(*cobra.Command, []string) {
			fmt.Fprintln(c.Stdout, secret.NewKey().Encode())
			if isTerminal(c.Stdout) {
				fmt.Fprintln(c.Stderr, "hint: keep it where the secrets are; give it as KEYPLUMB_LEDGER_KEY to the job that syncs, and to no other")
			}
		},
	}
}
