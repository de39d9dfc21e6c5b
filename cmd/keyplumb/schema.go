package main

import (
	"github.com/spf13/cobra"

	"github.com/keyplumb/keyplumb/schemas"
)

func (c *Command) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the policy's schema, for editors and cue vet", Args: noArguments,
		Long: "Print a CUE file to put beside the policy, so that editors and cue vet know its language:\n\n" +
			"  keyplumb schema > keyplumb_schema.cue\n\nkeyplumb itself does not need it, and skips it.",
		RunE: func(*cobra.Command, []string) error {
			_, err := c.Stdout.Write([]byte(schemas.ForEditors()))
			return err
		},
	}
}
