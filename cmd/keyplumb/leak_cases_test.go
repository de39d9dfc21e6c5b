package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/github"
)

// A leakCase is one way in which a run can go.
type leakCase struct {
	name     string
	fault    string // what fails, where the same fails at other requests in other cases
	prepare  func(*aviary)
	commands []string // everything where nil
	meant    []string // files that are meant to hold values
	leaves   []string // files that must be there afterwards, so that they were looked into
}

// running are the commands that handle values.
var running = []string{"plan", "drift --report json", "sync", "sync --report json=r.json"}

func leakCases() []leakCase {
	cases := []leakCase{
		{name: "all is well"},
		{name: "in CI", prepare: func(a *aviary) { a.setenv("CI", "true") }},
		{name: "in GitHub Actions, as a step", prepare: asStep, commands: []string{"action"}},
		{name: "in GitLab CI", prepare: inGitLab, commands: gitlabRuns, leaves: gitlabFiles},
		{name: "in GitLab CI, with one key for two", prepare: func(a *aviary) { inGitLab(a); a.seal("dev", a.values["prod"]) }, commands: gitlabRuns, leaves: gitlabFiles},
		{name: "one key for two", prepare: func(a *aviary) { a.seal("dev", a.values["prod"]) }},
		{name: "values are missing", prepare: func(a *aviary) {
			delete(a.values["prod"], "JSON")
			a.values["prod"]["QUOTES"] = ""
			a.seal("prod", a.values["prod"])
		}, commands: running},
		{name: "a value is too large", prepare: func(a *aviary) {
			a.values["prod"]["JSON"] = strings.Repeat(a.values["prod"]["JSON"], 2000)
			a.seal("prod", a.values["prod"])
		}, commands: running},
		{name: "without a ledger key", prepare: func(a *aviary) { a.setenv("KEYPLUMB_LEDGER_KEY", "") }},
		{name: "a bad ledger key", prepare: func(a *aviary) { a.setenv("KEYPLUMB_LEDGER_KEY", a.values["prod"]["SHORT"]) }, commands: running},
		{name: "values in the wrong variables", prepare: func(a *aviary) {
			a.setenv("SOPS_AGE_KEY", a.values["prod"]["LINES"])
			a.setenv("GITHUB_API_URL", a.values["prod"]["JSON"])
		}, commands: running},
		{name: "the token is refused", prepare: func(a *aviary) { a.setenv("GITHUB_TOKEN", a.values["prod"]["SHORT"]) }, commands: running},
		{name: "the value stands in the policy", prepare: valueInPolicy, commands: []string{"plan", "plan --report json", "plan --leaks", "sync --leaks"}, meant: []string{"keyplumb.cue"}},
		{name: "the value stands in a file of the repository", prepare: valueInFile, commands: []string{"plan --leaks", "drift --leaks --report json"}, meant: []string{"notes.txt"}},
		{name: "a saved plan that is stale", prepare: stalePlan, commands: []string{"sync --plan saved.json"}},
		{name: "a broken dotenv source", prepare: brokenDotenv, commands: running, meant: []string{".env.dev", ".env.prod"}},
		{name: "a dotenv target", prepare: dotenvTarget, commands: append([]string{"sync --allow-plaintext --adopt all"}, running...), meant: []string{".env.dev", ".env.prod"}},
		{name: "values as plain variables", prepare: plainVariables},
		{name: "composed values", prepare: composed},
		{name: "a file that is no sops file", prepare: func(a *aviary) {
			a.write("secrets.prod.yaml", "QUOTES: "+a.values["prod"]["SHORT"]+"\nJSON: [\n")
		}, commands: running, meant: []string{"secrets.prod.yaml"}},
	}
	cases = append(cases, constraintCases()...)
	cases = append(cases, gitlabCases()...)
	cases = append(cases, vaultCases()...)
	cases = append(cases, awsCases()...)
	cases = append(cases, gcpCases()...)
	cases = append(cases, clusterCases()...)
	cases = append(cases, azureCases()...)
	return append(cases, faultCases()...)
}

// constraintCases are constraints that no canary satisfies, of every kind that
// CUE has an error text for.
func constraintCases() []leakCase {
	var cases []leakCase
	for _, constraint := range []string{
		`=~"^never$"`, `"one" | "two"`, `"only this"`, `strings.MinRunes(4000)`, `strings.MaxRunes(2)`, `>"zzzz"`, `#URL`, `#PEM`, `#JWT`, `#PostgresURL`,
		`#AWSAccessKeyID`, `json.Validate({a: int})`, `!~"."`, `base64.Decode(null, "")`, `net.IPv4`, `time.Duration`, `=~"^canary$" & strings.MinRunes(9)`,
	} {
		cases = append(cases, leakCase{name: "constraint " + strings.ReplaceAll(constraint, "/", "_"), commands: running, prepare: func(a *aviary) {
			text := strings.Replace(leakPolicy, "package keyplumb\n", "package keyplumb\n\nimport (\n\t\"strings\"\n\t\"encoding/json\"\n\t\"encoding/base64\"\n\t\"net\"\n\t\"time\"\n)\n\n_used: [strings.MinRunes, json.Validate, base64.Decode, net.IPv4, time.Duration]\n", 1)
			for _, name := range []string{"LINES", "JSON", "QUOTES", "UNICODE", "SHORT"} {
				text = strings.Replace(text, "\t"+name+": {}\n", fmt.Sprintf("\t%s: in: [_]: value: %s\n", name, constraint), 1)
			}
			a.write("keyplumb.cue", text)
		}})
	}
	return cases
}

// faultCases are what a server can do, at each request that a sync makes.
func faultCases() []leakCase {
	requests := []struct{ method, path string }{
		{"GET", "/repos/acme/api"}, {"GET", "/secrets"}, {"GET", "/public-key"}, {"GET", "/variables/"},
		{"POST", "/variables"}, {"PUT", "/secrets/"}, {"PATCH", "/variables/"},
	}
	effects := map[string]emulator.Effect{
		"truncated": emulator.Truncate(), "malformed": emulator.Malformed(), "cut before": emulator.DropBefore(), "cut after": emulator.DropAfter(),
		"elsewhere": emulator.Redirect(307, "http://127.0.0.2:1/"), "too long": emulator.Oversized(40 << 20),
		"come back later": emulator.SecondaryLimit(429, 3600), "used up": emulator.PrimaryLimit(403, time.Now().Add(24*time.Hour)),
	}
	for _, status := range []int{400, 401, 403, 404, 409, 418, 422, 500} {
		effects[fmt.Sprint("echo ", status)] = emulator.Echo(status)
	}
	var cases []leakCase
	for _, r := range requests {
		for name, effect := range effects {
			cases = append(cases, leakCase{fault: name, name: fmt.Sprintf("%s %s%s", name, r.method, strings.ReplaceAll(r.path, "/", " ")),
				commands: []string{"sync --report json=r.json"},
				prepare:  func(a *aviary) { a.inject(r.method, r.path, effect) }})
		}
	}
	return append(cases,
		leakCase{name: "short lists", commands: running, prepare: func(a *aviary) { a.inject("GET", "/secrets", emulator.ShortList(1)) }},
		leakCase{name: "empty lists", commands: []string{"sync", "drift"}, prepare: func(a *aviary) { a.inject("GET", "/secrets", emulator.EmptyList()) }})
}

func asStep(a *aviary) {
	a.setenv("GITHUB_ACTIONS", "true")
	a.setenv("GITHUB_EVENT_NAME", "push")
	a.setenv("GITHUB_REPOSITORY", "acme/api")
	a.setenv("GITHUB_WORKSPACE", a.dir)
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_STATE"} {
		a.write("runner/"+name, "")
		a.setenv(name, filepath.Join(a.dir, "runner", name))
	}
	a.setenv("INPUT_COMMAND", "sync")
}

// gitlabRuns leave the reports that nobody asked for; the target is GitHub's,
// and so not the job's own.
var gitlabRuns = []string{"check", "plan --allow-target api", "drift --allow-target api --fail-on info", "sync --allow-target api"}

// gitlabFiles are what those runs leave.
var gitlabFiles = []string{gitlabDefaults()[0].file, gitlabDefaults()[1].file}

func inGitLab(a *aviary) {
	for _, pair := range [][2]string{{"CI", "true"}, {"GITLAB_CI", "true"}, {"CI_PIPELINE_SOURCE", "push"}, {"CI_PROJECT_PATH", "acme/api"}} {
		a.setenv(pair[0], pair[1])
	}
}

func valueInPolicy(a *aviary) {
	a.repository()
	value := a.values["dev"]["SHORT"]
	a.write("keyplumb.cue", strings.Replace(leakPolicy, "SHORT: {}",
		fmt.Sprintf("SHORT: {in: [_]: value: %q, description: %q}", value, "it was "+value), 1))
	a.commit()
}

func valueInFile(a *aviary) {
	a.repository()
	a.write("notes.txt", "the key: "+a.values["prod"]["SHORT"]+"\n")
	a.commit()
}

// repository makes the stage a git repository.
func (a *aviary) repository() { a.git("init", "-q") }

func (a *aviary) commit() {
	a.git("add", "keyplumb.cue", ".")
	a.git("commit", "-qm", "all")
}

func (a *aviary) git(args ...string) {
	a.t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		a.t.Skip("LEFT OUT: git is not installed")
	}
	cmd := exec.CommandContext(a.t.Context(), "git", append([]string{"-c", "user.name=n", "-c", "user.email=e"}, args...)...)
	cmd.Dir, cmd.Env = a.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + a.dir}
	if out, err := cmd.CombinedOutput(); err != nil {
		a.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func stalePlan(a *aviary) {
	a.must(exitOK, "plan", "--out", "saved.json")
	a.values["prod"]["JSON"] += " "
	a.seal("prod", a.values["prod"])
}

func brokenDotenv(a *aviary) {
	a.write("keyplumb.cue", strings.Replace(leakPolicy, `{kind: "sops", path: "secrets.{env}.yaml"}`, `kind: "dotenv"`, 1))
	for environment, values := range a.values {
		a.write(".env."+environment, "SHORT='"+values["SHORT"]+"\nJSON="+values["JSON"]+"\n= "+values["UNICODE"]+"\n")
	}
}

func dotenvTarget(a *aviary) {
	a.write("keyplumb.cue", strings.Replace(leakPolicy, `{kind: "github", repository: "acme/api"}`, `kind: "dotenv"`, 1))
}

func plainVariables(a *aviary) {
	a.write("keyplumb.cue", strings.ReplaceAll(leakPolicy, ": {}", ": sensitive: false"))
}

func composed(a *aviary) {
	a.write("keyplumb.cue", strings.Replace(leakPolicy, "JSON: {}",
		`JSON: in: [_]: {from: {parts: {u: field: "SHORT", p: field: "UNICODE", m: field: "NONE"}, join: "https://{u}:{p}@host/{m}"}, value: =~"^never"}`, 1))
}
