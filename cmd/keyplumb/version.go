package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (c *Command) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which keyplumb this is", Args: noArguments,
		Run: func(*cobra.Command, []string) { fmt.Fprintln(c.Stdout, versionText()) },
	}
}

// versionText gives the version as the build knows it: the module's, the
// revision it was built from, and Go's.
func versionText() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "keyplumb (unknown build)"
	}
	text := "keyplumb " + info.Main.Version
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if revision := settings["vcs.revision"]; revision != "" {
		text += " " + revision[:min(12, len(revision))]
		if settings["vcs.modified"] == "true" {
			text += " (modified)"
		}
	}
	return text + " " + info.GoVersion
}
