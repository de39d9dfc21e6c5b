package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"
	"github.com/spf13/cobra"

	"github.com/keyplumb/keyplumb/policy/report"
)

// actionCommand runs keyplumb as a step of GitHub Actions: its flags are the
// action's inputs, which the runner gives in the environment, and what it
// found are the step's outputs.
//
// An input never passes through a shell, and its value is always joined to its
// flag by "=", so that one that begins with a dash is still a value.
func (c *Command) actionCommand(code *int) *cobra.Command {
	return &cobra.Command{
		Use: "action", Short: "Run as a step of GitHub Actions, by the inputs in the environment",
		Hidden: true, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			step := &actionStep{Command: c, runner: githubactions.New(
				githubactions.WithGetenv(c.Getenv), githubactions.WithWriter(c.Stdout))}
			args, err := step.prepare()
			if err != nil {
				return err
			}
			inner := &Command{Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr, Environ: c.Environ, Dir: step.dir}
			*code = inner.Main(cmd.Context(), args)
			return step.tell(*code)
		},
	}
}

// An actionStep is one run of the action.
type actionStep struct {
	*Command
	runner *githubactions.Action
	dir    string // where the command runs
	report string // the JSON report, relative to the workspace
}

// actionCommands are those that the action runs.
func actionCommands() []string { return []string{"check", "plan", "sync", "drift"} }

// prepare makes the command line, and sees to it beforehand that the outputs
// can be written: after a sync it would be too late to fail for that.
func (s *actionStep) prepare() ([]string, error) {
	command := s.runner.GetInput("command")
	if !slices.Contains(actionCommands(), command) {
		return nil, refuse(exitUsage, "there are: "+strings.Join(actionCommands(), ", "), "the input command cannot be %q", command)
	}
	s.dir = s.Dir
	if dir := s.runner.GetInput("working-directory"); dir != "" {
		if !filepath.IsLocal(dir) {
			return nil, refuse(exitUsage, "give it relative to the workspace", "the input working-directory leaves the workspace")
		}
		s.dir = filepath.Join(s.Dir, dir)
	}
	args, err := s.flags()
	if err != nil {
		return nil, err
	}
	s.report = "keyplumb-" + command + ".json"
	if err := s.clear(); err != nil {
		return nil, err
	}
	return slices.Concat([]string{command, "--report=json=" + filepath.Join(s.Dir, s.report)}, args), nil
}

// clear makes room for the report and tries the file for the outputs. What
// stands in the report's place may be a link that a commit planted; it is
// removed, never followed.
func (s *actionStep) clear() error {
	workspace, err := os.OpenRoot(s.Dir)
	if err != nil {
		return refuse(exitFailed, "", "the workspace cannot be opened")
	}
	defer workspace.Close() //nolint:errcheck // nothing was written to it
	if err := workspace.Remove(s.report); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refuse(exitFailed, "", "an older %s cannot be removed", s.report)
	}
	outputs, err := os.OpenFile(s.Getenv("GITHUB_OUTPUT"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return refuse(exitFailed, "keyplumb action is for GitHub Actions; elsewhere, run the command itself", "the file that GITHUB_OUTPUT names cannot be written")
	}
	return outputs.Close()
}

// tell writes the step's outputs. All of them are numbers, the words true and
// false, or a path of our own: the file's format would let anything else
// forge further outputs.
func (s *actionStep) tell(code int) error {
	s.runner.SetOutput("exit-code", strconv.Itoa(code))
	text, err := os.ReadFile(filepath.Join(s.Dir, s.report))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the command did not come so far as to report
	}
	var r struct{ Summary report.Summary }
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return refuse(exitFailed, "", "the report %s cannot be read back", s.report)
	}
	s.runner.SetOutput("report", s.report)
	s.runner.SetOutput("changed", strconv.FormatBool(r.Summary.Writes > 0))
	for _, count := range []struct {
		output string
		n      int
	}{
		{"create", r.Summary.Create}, {"update", r.Summary.Update}, {"delete", r.Summary.Delete},
		{"in-sync", r.Summary.InSync}, {"unverified", r.Summary.Unverified},
		{"errors", r.Summary.Errors}, {"warnings", r.Summary.Warnings},
	} {
		s.runner.SetOutput(count.output, strconv.Itoa(count.n))
	}
	return nil
}
