//go:build act

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// actRun is a repository in which act runs the workflow that uses the Action.
type actRun struct {
	*demo
	act, storage string // the program, and a folder that the containers see
	event        string // the file of a pull request's payload; "" is a push
	log          strings.Builder
}

// actStep is what the workflow says of its step.
type actStep struct {
	Outcome string
	Outputs map[string]string
}

// TestActionUnderAct runs the Action's image as a runner would. It needs the
// image and a container engine: see testdata/action/run.sh.
func TestActionUnderAct(t *testing.T) {
	run := newActRun(t)

	step := run.step(t, "check")
	wantStep(t, "check", step, "success", map[string]string{"exit-code": "0", "errors": "0", "changed": "false", "report": "keyplumb-check.json"})

	step = run.step(t, "drift")
	wantStep(t, "drift before the first sync", step, "failure", map[string]string{"exit-code": "1", "errors": "6", "changed": "false"})

	step = run.step(t, "sync")
	wantStep(t, "sync", step, "success", map[string]string{"exit-code": "0", "create": "6", "changed": "true", "report": "keyplumb-sync.json"})
	for environment, values := range run.values {
		for name, value := range values {
			if got, ok := run.github.SecretValue(github.InEnvironment("acme/api", environment), name); !ok || got != value {
				t.Errorf("GitHub does not hold %s of %s", name, environment)
			}
		}
	}

	step = run.step(t, "sync")
	wantStep(t, "a second sync", step, "success", map[string]string{"exit-code": "0", "create": "0", "update": "0", "in-sync": "6", "changed": "false"})

	step = run.step(t, "drift")
	wantStep(t, "drift", step, "success", map[string]string{"exit-code": "0", "in-sync": "6", "errors": "0"})

	run.pullRequest(t)
	step = run.step(t, "drift")
	wantStep(t, "drift on a pull request that edits the policy", step, "success", map[string]string{"exit-code": "0", "in-sync": "6", "errors": "0"})
	run.event = ""
	run.git(t, "reset", "--quiet", "--hard", "HEAD^")

	run.clock.Advance(time.Hour)
	if err := run.github.EditSecret(github.InEnvironment("acme/api", "prod"), "SMTP_PASSWORD", run.random("")); err != nil {
		t.Fatal(err)
	}
	step = run.step(t, "drift")
	wantStep(t, "drift after an edit", step, "failure", map[string]string{"exit-code": "1", "in-sync": "5", "errors": "1", "changed": "false"})

	step = run.step(t, "drift", "ENVIRONMENTS=dev")
	wantStep(t, "drift of dev alone", step, "success", map[string]string{"exit-code": "0", "in-sync": "3", "errors": "0"})

	step = run.step(t, "check", "POLICY=nowhere.cue")
	wantStep(t, "check without a policy", step, "failure", map[string]string{"exit-code": "2"})

	step = run.step(t, "check", "PRUNE=true")
	wantStep(t, "an input that the command does not take", step, "failure", map[string]string{"exit-code": "2"})

	for environment, values := range run.values {
		for name, value := range values {
			if strings.Contains(run.log.String(), value) {
				t.Errorf("the log shows %s of %s", name, environment)
			}
		}
	}
}

func newActRun(t *testing.T) *actRun {
	t.Helper()
	storage := os.Getenv("KEYPLUMB_ACTION_DIR")
	if err := os.MkdirAll(filepath.Join(storage, "home"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := &Command{Stdin: strings.NewReader(""), Stdout: t.Output(), Stderr: t.Output()}
	d, stop, err := c.newDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	run := &actRun{demo: d, act: os.Getenv("ACT"), storage: storage}

	workflow, err := os.ReadFile("../../testdata/action/workflow.yml")
	if err != nil {
		t.Fatal(err)
	}
	action, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	// The image is the one that was built beforehand: a build inside act
	// would need a registry.
	local := strings.Replace(string(action), "image: Dockerfile", "image: docker://localhost/keyplumb:test", 1)
	if local == string(action) {
		t.Fatal("action.yml names no Dockerfile")
	}
	run.write(t, "keyplumb.cue", actPolicy())
	run.write(t, ".github/workflows/keyplumb.yml", string(workflow))
	run.write(t, "keyplumb/action.yml", local)
	run.git(t, "init", "--quiet")
	run.git(t, "remote", "add", "origin", "https://github.com/acme/api.git")
	run.commit(t)
	return run
}

// actPolicy is the demo's, of GitHub alone: a job writes to its own repository.
func actPolicy() string {
	return swap(demoPolicy, "\tweb: {kind: \"gitlab\", project: \"acme/web\"}\n", "")
}

func (r *actRun) commit(t *testing.T) {
	t.Helper()
	r.git(t, "add", "--all")
	r.git(t, "-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "A policy")
}

func (r *actRun) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r *actRun) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

// pullRequest makes the next runs those of a pull request, in the same
// repository, that takes all secrets but one out of the policy. keyplumb has
// to ask the git in its image for the policy at the base revision.
func (r *actRun) pullRequest(t *testing.T) {
	t.Helper()
	base := strings.TrimSpace(r.git(t, "rev-parse", "HEAD"))
	before, _, _ := strings.Cut(actPolicy(), "secrets: {")
	r.write(t, "keyplumb.cue", before+"secrets: SMTP_PASSWORD: {}\n")
	r.commit(t)

	repository := map[string]any{"id": 1, "full_name": "acme/api"}
	payload, err := json.Marshal(map[string]any{
		"repository": repository,
		"pull_request": map[string]any{
			"head": map[string]any{"repo": repository, "ref": "topic"},
			"base": map[string]any{"repo": repository, "ref": "main", "sha": base},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.event = filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(r.event, payload, 0o600); err != nil {
		t.Fatal(err)
	}
}

// step runs the workflow with a command and further variables, NAME=value.
func (r *actRun) step(t *testing.T, command string, variables ...string) actStep {
	t.Helper()
	result := filepath.Join(t.TempDir(), "result.json")
	home := filepath.Join(r.storage, "home")
	args := []string{"push"}
	if r.event != "" {
		args = []string{"pull_request", "--eventpath", r.event}
	}
	args = append(args, "--platform", "ubuntu-latest=-self-hosted", "--no-cache-server", "--pull=false",
		// act hands its own files on under the names that they have on this
		// machine, but mounts only some of them into the container.
		"--container-options", "--network=host --volume "+home+":"+home,
		"--env", "RESULT="+result, "--var", "COMMAND="+command)
	for _, variable := range variables {
		args = append(args, "--var", variable)
	}
	cmd := exec.CommandContext(t.Context(), r.act, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, "cache"))
	for _, pair := range r.environ {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "GITHUB_API_URL":
			cmd.Args = append(cmd.Args, "--env", pair)
		case "GITHUB_TOKEN":
			cmd.Args = append(cmd.Args, "--secret", "KEYPLUMB_TOKEN="+value)
		case "SOPS_AGE_KEY", "KEYPLUMB_LEDGER_KEY":
			cmd.Args = append(cmd.Args, "--secret", pair)
		}
	}
	out, err := cmd.CombinedOutput()
	r.log.Write(out)
	t.Logf("%s %s:\n%s", command, strings.Join(variables, " "), out)
	if err != nil {
		t.Fatalf("act: %v", err)
	}
	text, err := os.ReadFile(result)
	if err != nil {
		t.Fatal(err)
	}
	var step actStep
	if err := json.Unmarshal(text, &step); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	r.clock.Advance(time.Minute)
	return step
}

func wantStep(t *testing.T, what string, step actStep, outcome string, outputs map[string]string) {
	t.Helper()
	if step.Outcome != outcome {
		t.Errorf("%s: the step ended in %s, want %s", what, step.Outcome, outcome)
	}
	for name, value := range outputs {
		if step.Outputs[name] != value {
			t.Errorf("%s: the output %s is %q, want %q", what, name, step.Outputs[name], value)
		}
	}
}
