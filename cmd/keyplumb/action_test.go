package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sethvargo/go-githubactions"
	"go.yaml.in/yaml/v3"
)

// newStep makes a step in a workspace of its own, with these inputs.
func newStep(t *testing.T, inputs map[string]string) *actionStep {
	t.Helper()
	workspace := t.TempDir()
	output := filepath.Join(t.TempDir(), "output")
	if err := os.WriteFile(output, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := &Command{Stdin: strings.NewReader(""), Stdout: t.Output(), Stderr: t.Output(), Dir: workspace, Environ: []string{"GITHUB_OUTPUT=" + output}}
	for name, value := range inputs {
		c.Environ = append(c.Environ, "INPUT_"+strings.ToUpper(name)+"="+value)
	}
	return &actionStep{Command: c, runner: githubactions.New(githubactions.WithGetenv(c.Getenv), githubactions.WithWriter(c.Stdout))}
}

func TestActionArguments(t *testing.T) {
	for _, test := range []struct {
		name   string
		inputs map[string]string
		args   string // without the report's
		code   int    // of the refusal
	}{
		{name: "the command alone", inputs: map[string]string{"command": "check"}, args: "check"},
		{name: "empty inputs are left out", inputs: map[string]string{"command": "drift", "env": "", "prune": "", "max-delete": ""}, args: "drift"},
		{name: "names by commas and lines", inputs: map[string]string{"command": "sync", "env": "dev, prod\n\nstaging\r\n"}, args: "sync --env=dev --env=prod --env=staging"},
		{name: "paths by lines alone", inputs: map[string]string{"command": "check", "policy": "a,b.cue\nc d.cue"}, args: "check --policy=a,b.cue --policy=c d.cue"},
		{name: "yes and no", inputs: map[string]string{"command": "sync", "prune": "true", "refresh": "false"}, args: "sync --prune"},
		{name: "hyphens", inputs: map[string]string{"command": "sync", "max-delete": "3", "plan-file": "p.plan"}, args: "sync --max-delete=3 --plan=p.plan"},
		{name: "a value like a flag stays a value", inputs: map[string]string{"command": "sync", "secret": "--prune", "fail-on": "never --prune"}, args: "sync --secret=--prune --fail-on=never --prune"},
		{name: "no command", code: exitUsage},
		{name: "a command that is not the action's", inputs: map[string]string{"command": "keygen"}, code: exitUsage},
		{name: "two commands", inputs: map[string]string{"command": "sync --prune"}, code: exitUsage},
		{name: "neither true nor false", inputs: map[string]string{"command": "sync", "prune": "yes"}, code: exitUsage},
		{name: "out of the workspace", inputs: map[string]string{"command": "check", "working-directory": "../x"}, code: exitUsage},
		{name: "out of the workspace, absolute", inputs: map[string]string{"command": "check", "working-directory": "/"}, code: exitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			args, err := newStep(t, test.inputs).prepare()
			if err != nil || test.code != 0 {
				if err == nil || codeOf(err) != test.code {
					t.Fatalf("got %v %v, want code %d", args, err, test.code)
				}
				return
			}
			rest := slices.DeleteFunc(slices.Clone(args), func(a string) bool { return strings.HasPrefix(a, "--report=json=") })
			if got := strings.Join(rest, " "); got != test.args || len(rest) == len(args) {
				t.Errorf("got  %q\nwant %q and a JSON report", args, test.args)
			}
		})
	}
}

func TestActionOutputs(t *testing.T) {
	s := newStep(t, map[string]string{"command": "sync"})
	if _, err := s.prepare(); err != nil {
		t.Fatal(err)
	}
	report := `{"version":1,"command":"sync","exit_code":1,"summary":{"create":2,"update":1,"delete":0,"in_sync":5,"unverified":3,"errors":4,"warnings":6,"requests":9,"writes":4},"changes":[],"findings":[]}`
	if err := os.WriteFile(filepath.Join(s.Dir, s.report), []byte(report), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.tell(exitFindings); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"exit-code": "1", "report": "keyplumb-sync.json", "changed": "true", "create": "2", "update": "1",
		"delete": "0", "in-sync": "5", "unverified": "3", "errors": "4", "warnings": "6"}
	got := readOutputs(t, s.Getenv("GITHUB_OUTPUT"))
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
}

// readOutputs reads the runner's file of outputs: NAME<<END, lines, END.
func readOutputs(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]string{}
	rest := string(text)
	for rest != "" {
		head, body, _ := strings.Cut(rest, "\n")
		name, end, ok := strings.Cut(head, "<<")
		if !ok {
			t.Fatalf("%q is no head of an output", head)
		}
		outputs[name], rest, _ = strings.Cut(body, "\n"+end+"\n")
	}
	return outputs
}

func TestActionWithoutReport(t *testing.T) {
	s := newStep(t, map[string]string{"command": "sync"})
	if _, err := s.prepare(); err != nil {
		t.Fatal(err)
	}
	if err := s.tell(exitFailed); err != nil {
		t.Fatal(err)
	}
	if got := readOutputs(t, s.Getenv("GITHUB_OUTPUT")); len(got) != 1 || got["exit-code"] != "3" {
		t.Errorf("got %v", got)
	}
}

// TestActionPlantedLink plants a link where the report goes, as a commit of a
// pull request could: the file that it points to must stay as it was.
func TestActionPlantedLink(t *testing.T) {
	s := newStep(t, map[string]string{"command": "check"})
	victim := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(victim, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(s.Dir, "keyplumb-check.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.prepare(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(s.Dir, s.report)); !os.IsNotExist(err) {
		t.Errorf("the link is still there: %v", err)
	}
	if text, err := os.ReadFile(victim); err != nil || string(text) != "as it was" {
		t.Errorf("the file is now %q, %v", text, err)
	}
}

// TestActionOutsideOfActions has no file for the outputs: nothing may run.
func TestActionOutsideOfActions(t *testing.T) {
	s := newStep(t, map[string]string{"command": "sync"})
	s.Environ = append(s.Environ, "GITHUB_OUTPUT=")
	if _, err := s.prepare(); err == nil || codeOf(err) != exitFailed {
		t.Errorf("got %v", err)
	}
}

// TestActionFile holds action.yml to the code: its inputs, its outputs and
// their order of meaning.
func TestActionFile(t *testing.T) {
	text, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Inputs  map[string]struct{ Description, Default string }
		Outputs map[string]struct{ Description string }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"command": true, "working-directory": true}
	for _, input := range actionInputs() {
		known[input.name] = true
	}
	for name := range known {
		if file.Inputs[name].Description == "" {
			t.Errorf("action.yml does not describe the input %s", name)
		}
	}
	for name := range file.Inputs {
		if !known[name] {
			t.Errorf("action.yml has an input that nothing reads: %s", name)
		}
	}
	s := newStep(t, map[string]string{"command": "check"})
	if _, err := s.prepare(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, s.report), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.tell(exitOK); err != nil {
		t.Fatal(err)
	}
	written := readOutputs(t, s.Getenv("GITHUB_OUTPUT"))
	for name := range written {
		if file.Outputs[name].Description == "" {
			t.Errorf("action.yml does not describe the output %s", name)
		}
	}
	for name := range file.Outputs {
		if _, ok := written[name]; !ok {
			t.Errorf("action.yml has an output that is not written: %s", name)
		}
	}
}

// TestActionFlags looks each input's flag up in the command line: an input
// must stand for a flag of one of the action's commands.
func TestActionFlags(t *testing.T) {
	var code int
	root := (&Command{Stdin: strings.NewReader(""), Stdout: t.Output(), Stderr: t.Output()}).root(&code)
	for _, input := range actionInputs() {
		known := slices.ContainsFunc(actionCommands(), func(name string) bool {
			command, _, err := root.Find([]string{name})
			return err == nil && command.Flags().Lookup(input.flag) != nil
		})
		if !known {
			t.Errorf("the input %s stands for --%s, which no command has", input.name, input.flag)
		}
	}
}
