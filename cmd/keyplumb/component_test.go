//go:build gitlabci

package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

// The folders are of the repository that this test is in.
const (
	componentFile  = "../../templates/keyplumb.yml"
	exampleFolder  = "../../docs/examples/gitlab"
	readingToken   = "reading-token"
	reportOfIssues = "gl-code-quality-report.json"
	reportOfTests  = "keyplumb-junit.xml"
)

// include has the component in a project of its own, with inputs to follow.
const include = "include:\n  - local: templates/keyplumb.yml\n"

// A component is a project with a pipeline of keyplumb's jobs, on a machine
// where gitlab-ci-local runs them.
type component struct {
	*stage
	home string
	log  strings.Builder
}

// TestComponent runs the three jobs of the CI/CD component as a runner would.
// It needs the programs that testdata/gitlab/run.sh installs.
func TestComponent(t *testing.T) {
	c := newComponent(t, include+"    inputs:\n      environments: dev prod\n      policy: keyplumb.cue\n")

	c.wantJob(0, "check")
	c.wantJob(1, "drift")
	c.wantIssues("drift", "missing")
	c.wantJob(0, "sync", "--needs")
	for _, environment := range []string{"dev", "prod"} {
		for _, name := range []string{"FIRST", "SECOND", "PLAIN"} {
			value := values(environment, "one")[name]
			if v := c.variable(environment, name); v.Value != value || !v.Raw {
				t.Errorf("GitLab does not hold %s of %s", name, environment)
			}
		}
	}
	c.gitlab.Clock().Advance(time.Hour)
	c.wantJob(0, "drift")
	c.wantIssues("drift")

	c.editVariable("prod", "FIRST", func(v *gitlab.Variable) { v.Value = "theirs-unbroken" })
	c.wantJob(1, "drift")
	c.wantIssues("drift", "edited")
	c.wantJob(0, "sync")
	c.wantJob(0, "drift")

	// Drift has a token of its own, and check none.
	c.gitlab.RevokeToken(stageToken)
	c.wantJob(0, "drift")
	c.wantJob(3, "sync")
	c.gitlab.RevokeToken(readingToken)
	c.wantJob(3, "drift")
	c.wantJob(0, "check")

	c.write("keyplumb.cue", gitlabPolicy+"secrets: THIRD: nonsense: true\n")
	c.wantJob(2, "check")
	c.showsNoValue()
}

// TestComponentRules: which job runs when.
func TestComponentRules(t *testing.T) {
	c := newComponent(t, include)
	for _, test := range []struct {
		name      string
		variables map[string]string
		jobs      string
	}{
		{"a push to the default branch", nil, "check sync"},
		{"a push to a default branch that is not protected", map[string]string{"CI_COMMIT_REF_PROTECTED": "false"}, "check"},
		{"a push to another branch", map[string]string{"CI_COMMIT_BRANCH": "topic"}, ""},
		{"a merge request", map[string]string{"CI_PIPELINE_SOURCE": "merge_request_event", "CI_COMMIT_BRANCH": ""}, "check"},
		{"a tag", map[string]string{"CI_COMMIT_BRANCH": "", "CI_COMMIT_TAG": "v1"}, ""},
		{"a schedule", map[string]string{"CI_PIPELINE_SOURCE": "schedule"}, "drift"},
		{"a schedule of another branch", map[string]string{"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "topic"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := c.jobs(t, test.variables); got != test.jobs {
				t.Errorf("there are the jobs %q, want %q", got, test.jobs)
			}
		})
	}
}

// TestComponentInputs: an input is a word, whatever it says, and so is the
// variable that it comes in, which a person may set who starts a pipeline.
func TestComponentInputs(t *testing.T) {
	for _, input := range []string{"policy", "environments", "targets", "arguments", "job-prefix", "environment", "fail-on"} {
		for _, hostile := range []string{`\"; touch ran; \"`, "$(touch ran)", "${GITLAB_TOKEN}"} {
			c := newComponent(t, fmt.Sprintf("%s    inputs:\n      %s: \"%s\"\n", include, input, hostile))
			if out, code := c.ciLocal("--list"); code == 0 || !strings.Contains(out, "`"+input+"` input") {
				t.Errorf("%s takes %s:\n%s", input, hostile, out)
			}
		}
	}
	c := newComponent(t, include)
	for _, name := range []string{"POLICY", "ENVIRONMENTS", "TARGETS", "FAIL_ON", "ARGUMENTS"} {
		for _, hostile := range []string{"a; touch ran", "$(touch ran)", "`touch ran`", "a\ntouch ran\n", `"; touch ran; "`} {
			out, code := c.job("drift", "--variable", "KEYPLUMB_INPUT_"+name+"="+hostile)
			if code != exitUsage || !strings.Contains(out, "> error: ") {
				t.Errorf("with %s in %s drift ended with %d, want %d of keyplumb:\n%s", hostile, name, code, exitUsage, out)
			}
		}
	}
	if files, err := filepath.Glob(filepath.Join(c.dir, "ran*")); err != nil || len(files) > 0 {
		t.Error("what an input said was run")
	}
	// A pattern is a name that no environment has, not the files that it fits.
	out, code := c.job("drift", "--variable", "KEYPLUMB_INPUT_ENVIRONMENTS=key*")
	if code != exitUsage || !strings.Contains(out, "key*") {
		t.Errorf("a pattern was not taken as a name: %d\n%s", code, out)
	}
}

// TestComponentExamples: what docs/examples shows is a pipeline, with the jobs
// that it is meant to have.
func TestComponentExamples(t *testing.T) {
	for name, jobs := range map[string]string{"component": "check sync", "check": "check", "drift": "", "sync": "sync"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(exampleFolder, name+".gitlab-ci.yml"))
			if err != nil {
				t.Fatal(err)
			}
			example := strings.Replace(string(text), "component: $CI_SERVER_FQDN/keyplumb/keyplumb/keyplumb@0", "local: templates/keyplumb.yml", 1)
			if (example != string(text)) != (name == "component") {
				t.Fatal("the component is included where it should not be, or under another name")
			}
			c := newComponent(t, example)
			if got := c.jobs(t, nil); got != jobs {
				t.Errorf("a push to the default branch starts %q, want %q", got, jobs)
			}
			if name == "drift" {
				jobs = c.jobs(t, map[string]string{"CI_PIPELINE_SOURCE": "schedule"})
				if jobs != "drift" {
					t.Errorf("a schedule starts %q, want drift", jobs)
				}
				c.must(exitOK, "sync")
				c.wantJob(0, "drift")
			}
			for job := range strings.FieldsSeq(jobs) {
				c.wantJob(0, job, "--needs")
			}
		})
	}
}

// newComponent makes the project, with this .gitlab-ci.yml.
func newComponent(t *testing.T, pipeline string) *component {
	t.Helper()
	c := &component{stage: gitlabStage(t), home: t.TempDir()}
	c.gitlab.AddToken(readingToken, gitlab.Member("acme/api", gitlab.Maintainer), gitlab.Scopes("read_api"))
	text, err := os.ReadFile(componentFile)
	if err != nil {
		t.Fatal(err)
	}
	c.write("templates/keyplumb.yml", string(text))
	c.write(".gitlab-ci.yml", pipeline)
	c.write(".gitignore", ".gitlab-ci-local\n")
	for _, environment := range []string{"dev", "prod"} {
		c.seal(environment, values(environment, "one"))
	}
	c.variables()
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch", "main"},
		{"remote", "add", "origin", "https://gitlab.example.com/acme/api.git"},
		{"add", "--all"},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "A policy"},
		{"update-ref", "refs/remotes/origin/main", "HEAD"},
		{"remote", "set-head", "origin", "main"},
	} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = c.dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
	return c
}

// variables gives the project its CI/CD variables as docs/gitlab.md says: none
// for any job but drift and sync, and for drift a token that only reads.
func (c *component) variables() {
	c.t.Helper()
	type scoped struct {
		Type   string            `json:"type"`
		Values map[string]string `json:"values"`
	}
	project := map[string]scoped{}
	for _, pair := range c.environ {
		switch name, value, _ := strings.Cut(pair, "="); name {
		case "SOPS_AGE_KEY", "KEYPLUMB_LEDGER_KEY":
			project[name] = scoped{"variable", map[string]string{"keyplumb/*": value}}
		case "GITLAB_TOKEN":
			project[name] = scoped{"variable", map[string]string{"keyplumb/sync": value, "keyplumb/drift": readingToken}}
		}
	}
	text, err := json.Marshal(map[string]any{"project": map[string]any{"gitlab.example.com/acme/api.git": project}})
	if err != nil {
		c.t.Fatal(err)
	}
	folder := filepath.Join(c.home, ".gitlab-ci-local")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "variables.yml"), text, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// jobFailed is what gitlab-ci-local prints of a job that failed.
var jobFailed = regexp.MustCompile(`(?m)^keyplumb:\w+ +finished in .* FAIL (\d+)`)

// ciLocal runs gitlab-ci-local, with what it says otherwise than GitLab put
// right: a push to a protected default branch, of this GitLab.
func (c *component) ciLocal(args ...string) (out string, code int) {
	c.t.Helper()
	args = append([]string{
		os.Getenv("GITLAB_CI_LOCAL"), "--force-shell-executor", "--home", c.home, "--color=false",
		"--variable", "GITLAB_CI=true", "--variable", "CI_COMMIT_REF_PROTECTED=true",
		"--variable", "CI_API_V4_URL=" + c.getenv("CI_API_V4_URL"),
	}, args...)
	cmd := exec.CommandContext(c.t.Context(), os.Getenv("NODE"), args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.home}
	printed, err := cmd.CombinedOutput()
	c.log.Write(printed)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(printed), exit.ExitCode()
	}
	if err != nil {
		c.t.Fatalf("gitlab-ci-local: %v", err)
	}
	return string(printed), 0
}

// job runs one job, and gives what it printed and the code that it ended with.
func (c *component) job(name string, args ...string) (out string, code int) {
	c.t.Helper()
	source := "push"
	if name == "drift" {
		source = "schedule"
	}
	_ = os.RemoveAll(filepath.Join(c.dir, ".gitlab-ci-local"))
	out, code = c.ciLocal(append([]string{"keyplumb:" + name, "--variable", "CI_PIPELINE_SOURCE=" + source}, args...)...)
	c.gitlab.Clock().Advance(time.Minute)
	if failed := jobFailed.FindStringSubmatch(out); failed != nil {
		code, _ = strconv.Atoi(failed[1])
	}
	return out, code
}

func (c *component) wantJob(want int, name string, args ...string) {
	c.t.Helper()
	if out, code := c.job(name, args...); code != want {
		c.t.Errorf("%s ended with %d, want %d:\n%s", name, code, want, out)
	}
}

// jobs are those of a pipeline, in order, without their prefix.
func (c *component) jobs(t *testing.T, variables map[string]string) string {
	t.Helper()
	args := []string{"--list-json"}
	for name, value := range variables {
		args = append(args, "--variable", name+"="+value)
	}
	out, code := c.ciLocal(args...)
	start := strings.Index(out, "[\n")
	var listed []struct{ Name, When string }
	if start < 0 || code != 0 || json.NewDecoder(strings.NewReader(out[start:])).Decode(&listed) != nil {
		t.Fatalf("there is no list of jobs:\n%s", out)
	}
	var names []string
	for _, job := range listed {
		if job.When != "never" {
			names = append(names, strings.TrimPrefix(job.Name, "keyplumb:"))
		}
	}
	return strings.Join(names, " ")
}

// wantIssues holds the reports that a job left against the rules that it should
// have found broken.
func (c *component) wantIssues(job string, rules ...string) {
	c.t.Helper()
	var issues []struct {
		CheckName   string `json:"check_name"`
		Fingerprint string `json:"fingerprint"`
		Severity    string `json:"severity"`
	}
	if err := json.Unmarshal(c.artifact(job, reportOfIssues), &issues); err != nil {
		c.t.Fatalf("%s: %v", reportOfIssues, err)
	}
	found := map[string]bool{}
	for _, issue := range issues {
		if issue.Fingerprint == "" || issue.Severity == "" {
			c.t.Errorf("an issue lacks what GitLab asks for: %+v", issue)
		}
		found[issue.CheckName] = true
	}
	for _, rule := range rules {
		if !found[rule] {
			c.t.Errorf("%s names no %s", reportOfIssues, rule)
		}
	}
	if len(rules) == 0 && len(issues) > 0 {
		c.t.Errorf("%s of a clean project has %v", reportOfIssues, found)
	}
	var tests struct{ XMLName xml.Name }
	text := c.artifact(job, reportOfTests)
	if err := xml.Unmarshal(text, &tests); err != nil || tests.XMLName.Local != "testsuites" {
		c.t.Errorf("%s is no JUnit report: %v", reportOfTests, err)
	}
	if strings.Contains(string(text), "<failure") != (len(rules) > 0) {
		c.t.Errorf("%s does not tell whether there is drift:\n%s", reportOfTests, text)
	}
}

// artifact reads a file that a job handed in.
func (c *component) artifact(job, name string) []byte {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, ".gitlab-ci-local/artifacts/*"+job+"*", name))
	if err != nil || len(files) != 1 {
		c.t.Fatalf("%s left %d files %s, want 1", job, len(files), name)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		c.t.Fatal(err)
	}
	return text
}

// showsNoValue looks for values and credentials in all that was printed.
func (c *component) showsNoValue() {
	c.t.Helper()
	shown := map[string]string{"GITLAB_TOKEN": stageToken, "its reading one": readingToken,
		"SOPS_AGE_KEY": c.key.String(), "KEYPLUMB_LEDGER_KEY": c.ledgerKey.Encode()}
	for _, environment := range []string{"dev", "prod"} {
		for name, value := range values(environment, "one") {
			shown[name+" of "+environment] = value
		}
	}
	for name, value := range shown {
		if strings.Contains(c.log.String(), value) {
			c.t.Errorf("the log shows %s", name)
		}
	}
}
