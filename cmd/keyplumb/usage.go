package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError is for a command line that is not understood.
func usageError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("see %s --help", cmd.CommandPath())
	if unknown, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		if near := nearestFlag(cmd, unknown); near != "" {
			hint = "did you mean --" + near + "?"
		}
	}
	return &exitError{code: exitUsage, err: err, hint: hint}
}

// nearestFlag finds the flag that was meant, with what cobra has for commands.
func nearestFlag(cmd *cobra.Command, unknown string) string {
	flags := &cobra.Command{SuggestionsMinimumDistance: 2}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return nearest(flags.SuggestionsFor(unknown))
}

// oneOfCommands refuses a word that is no command.
func oneOfCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see keyplumb --help"
	if near := nearest(cmd.SuggestionsFor(args[0])); near != "" {
		hint = "did you mean " + near + "?"
	}
	return refuse(exitUsage, hint, "there is no command %q", args[0])
}

// noArguments refuses what a command does not take.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return refuse(exitUsage, "see "+cmd.CommandPath()+" --help", "%s takes no argument, and was given %q", cmd.CommandPath(), args[0])
}

// nearest takes the best of cobra's suggestions.
func nearest(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
