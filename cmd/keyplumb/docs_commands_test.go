package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

const commandPages = "../../docs/commands"

// TestCommandPages writes the reference of the commands: a page each, of what
// --help says.
func TestCommandPages(t *testing.T) {
	var code int
	root := (&Command{Stdin: strings.NewReader(""), Stdout: t.Output(), Stderr: t.Output()}).root(&code)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()

	index := new(strings.Builder)
	fmt.Fprintf(index, "# Commands\n\n| command | what it does |\n| --- | --- |\n")
	pages := map[string]bool{"README.md": true}
	for _, command := range root.Commands() {
		if command.Hidden || command.Name() == "help" {
			continue
		}
		page := command.Name() + ".md"
		pages[page] = true
		fmt.Fprintf(index, "| [%s](%s) | %s |\n", command.Name(), page, command.Short)
		golden(t, filepath.Join(commandPages, page), commandPage(command))
	}
	fmt.Fprintf(index, "\n## Exit codes\n\n%s", exitCodesMarkdown())
	golden(t, filepath.Join(commandPages, "README.md"), index.String())

	files, err := os.ReadDir(commandPages)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !pages[file.Name()] {
			t.Errorf("docs/commands/%s is the page of no command", file.Name())
		}
	}
}

// commandPage gives what --help says of a command and of those under it.
func commandPage(command *cobra.Command) string {
	b := new(strings.Builder)
	fmt.Fprintf(b, "# %s\n\n%s.\n", command.CommandPath(), command.Short)
	if command.Long != "" {
		fmt.Fprintf(b, "\n%s\n", strings.TrimSpace(command.Long))
	}
	command.InitDefaultHelpFlag()
	fmt.Fprintf(b, "\n```text\n%s```\n", command.UsageString())
	for _, sub := range command.Commands() {
		sub.InitDefaultHelpFlag()
		fmt.Fprintf(b, "\n## %s\n\n%s.\n\n```text\n%s```\n", sub.CommandPath(), sub.Short, sub.UsageString())
	}
	return b.String()
}
