package main

import (
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/secret"
)

func TestBadTarget(t *testing.T) {
	tryBadInputs(t, []badInput{
		{name: "no token", prepare: env("GITHUB_TOKEN", ""), code: exitFailed, want: []string{"GITHUB_TOKEN", "hint: "}},
		{name: "a token that is refused", prepare: env("GITHUB_TOKEN", "stranger"), code: exitFailed, want: []string{"acme/api", "HTTP 401", "hint: "}, never: []string{"stranger"}},
		{name: "a token without a permission", prepare: limited(map[string]string{}), code: exitFailed, errors: 2, want: []string{"HTTP 403", "hint: "}},
		{name: "a repository that is not there", prepare: policyOf("acme/api", "acme/none"), code: exitFailed, want: []string{"acme/none", "HTTP 404", "hint: "}},
		{name: "an environment that is not there", prepare: func(s *stage) {
			s.policy(`repository: "acme/api"`, `repository: "acme/api", names: prod: "nowhere"`)
		}, code: exitFailed, want: []string{"nowhere", "hint: ", "create: true"}},
		{name: "a repository that was renamed", prepare: func(s *stage) { s.github.RenameRepository("acme/api", "acme/core") }, code: exitFailed,
			want: []string{"acme/api", "hint: ", "acme/core"}},
		{name: "a target that is not this job's own", prepare: func(s *stage) {
			s.setenv("GITHUB_ACTIONS", "true")
			s.setenv("GITHUB_EVENT_NAME", "push")
			s.setenv("GITHUB_REPOSITORY", "acme/web")
		}, code: exitFailed, want: []string{"target api is not this job's own: this job runs in acme/web", "hint: allow it with --allow-target api"}},
		{name: "too many deletes", args: "sync --prune --max-delete 3", prepare: synced(policyOf("\tFIRST: owner:  \"a\"\n\tSECOND: owner: \"a\"\n", "")), code: exitFailed,
			want: []string{"4", "3", "hint: ", "--max-delete"}},
		{name: "--prune without a ledger key", args: "sync --prune", prepare: env("KEYPLUMB_LEDGER_KEY", ""), code: exitFailed, want: []string{"--prune needs a ledger key", "hint: set KEYPLUMB_LEDGER_KEY"}},
	})
}

func limited(permissions map[string]string) func(*stage) {
	return func(s *stage) {
		s.github.AddToken("narrow", emulator.Permissions(permissions))
		s.setenv("GITHUB_TOKEN", "narrow")
	}
}

const ledgerVariable = "KEYPLUMB_LEDGER_ENV"

func prodPlace() emulator.Place { return emulator.InEnvironment("acme/api", "prod") }

func (s *stage) ledger(place emulator.Place) string {
	s.t.Helper()
	text, there := s.github.VariableValue(place, ledgerVariable)
	if !there {
		s.t.Fatal("there is no ledger")
	}
	return text
}

func (s *stage) setLedger(text string) {
	s.t.Helper()
	if err := s.github.SetVariable(prodPlace(), ledgerVariable, text); err != nil {
		s.t.Fatal(err)
	}
}

func TestBadLedger(t *testing.T) {
	tryBadInputs(t, []badInput{
		{name: "unreadable", prepare: synced(func(s *stage) { s.setLedger("no ledger") }), code: exitFailed, want: []string{"ledger", "prod", "hint: "}},
		{name: "cut short", prepare: synced(func(s *stage) { s.setLedger(s.ledger(prodPlace())[:40]) }), code: exitFailed, want: []string{"ledger", "prod", "hint: "}},
		{name: "forged", prepare: synced(func(s *stage) {
			text := []byte(s.ledger(prodPlace()))
			at := len(text) * 3 / 4
			text[at] = map[bool]byte{true: 'B', false: 'A'}[text[at] == 'A']
			s.setLedger(string(text))
		}), code: exitFailed, want: []string{"ledger", "prod", "hint: "}},
		{name: "from another scope", prepare: synced(func(s *stage) { s.setLedger(s.ledger(emulator.InEnvironment("acme/api", "dev"))) }), code: exitFailed,
			want: []string{"ledger", "prod", "hint: "}},
		{name: "under another key", prepare: synced(func(s *stage) { s.setenv("KEYPLUMB_LEDGER_KEY", secret.NewKey().Encode()) }), code: exitFailed, errors: 2,
			want: []string{"ledger", "another ledger key", "hint: ", "KEYPLUMB_LEDGER_KEY"}},
		{name: "a ledger key that is none", prepare: env("KEYPLUMB_LEDGER_KEY", "bogus"), code: exitFailed, want: []string{"KEYPLUMB_LEDGER_KEY", "hint: make one with keyplumb keygen"}, never: []string{"bogus"}},
	})
}

// saved saves a plan before what makes it bad.
func saved(then func(*stage)) func(*stage) {
	return func(s *stage) {
		s.t.Helper()
		s.must(exitOK, "plan", "--out", "saved.json")
		then(s)
	}
}

func TestBadSavedPlan(t *testing.T) {
	const args = "sync --plan saved.json"
	const again = "hint: make a new plan with keyplumb plan --out"
	tryBadInputs(t, []badInput{
		{name: "not there", args: args, code: exitFailed, want: []string{"the saved plan saved.json cannot be read"}},
		{name: "no plan", args: args, prepare: func(s *stage) { s.write("saved.json", "{}") }, code: exitFailed, want: []string{"saved.json", again}},
		{name: "cut short", args: args, prepare: saved(func(s *stage) { s.edit("saved.json", func(t string) string { return t[:len(t)/2] }) }), code: exitFailed, want: []string{"saved.json", again}},
		{name: "edited", args: args, prepare: saved(func(s *stage) {
			s.edit("saved.json", func(t string) string { return strings.Replace(t, "FIRST", "THIRD", 1) })
		}), code: exitFailed, want: []string{"saved.json", again}},
		{name: "stale: a source changed", args: args, prepare: saved(func(s *stage) { s.change("FIRST", "another") }), code: exitFailed, want: []string{"stale", again}},
		{name: "stale: the policy changed", args: args, prepare: saved(policyOf(`FIRST: owner:  "a"`, `FIRST: owner: "b"`)), code: exitFailed, want: []string{"stale", "policy", again}},
		{name: "stale: the target changed", args: args, prepare: synced(saved(func(s *stage) {
			if err := s.github.EditSecret(prodPlace(), "FIRST", "edited"); err != nil {
				s.t.Fatal(err)
			}
		})), code: exitFailed, want: []string{"stale", again}},
		{name: "under another key", args: args, prepare: saved(env("KEYPLUMB_LEDGER_KEY", secret.NewKey().Encode())), code: exitFailed, want: []string{"saved.json", again}},
		{name: "with a selection beside it", args: args + " --env dev", prepare: saved(func(*stage) {}), code: exitUsage, want: []string{"--env cannot be given with --plan", "hint: "}},
	})
}

func TestBadUsage(t *testing.T) {
	tryBadInputs(t, []badInput{
		{name: "unknown environment", args: "sync --env prd", code: exitUsage, want: []string{"prd", `did you mean "prod"?`}},
		{name: "unknown target", args: "sync --target app", code: exitUsage, want: []string{"app", "api"}},
		{name: "unknown secret", args: "sync --secret FRIST", code: exitUsage, want: []string{"FRIST", `did you mean "FIRST"?`}},
		{name: "a name to adopt that is nowhere", args: "sync --adopt FRIST", code: exitUsage, want: []string{"FRIST", "hint: "}},
		{name: "two reports on standard output", args: "sync --report json --report text", code: exitUsage, want: []string{"only one report can go to standard output", "hint: "}},
		{name: "a report that cannot be written", args: "plan --report json=no/such/folder.json", code: exitFailed, want: []string{"the json report could not be written to no/such/folder.json", "hint: "}},
	})
}

// TestTokenThatMayOnlyLook is refused at the first write of each scope: GitHub
// does not tell before what a token may do.
func TestTokenThatMayOnlyLook(t *testing.T) {
	t.Parallel()
	s := unsynced(t)
	limited(map[string]string{"secrets": "read", "variables": "read", "environments": "read"})(s)
	before := s.github.Snapshot()
	out := s.must(exitFailed, "sync")
	if !strings.Contains(out, "denied: the token may not do this (HTTP 403") || !strings.Contains(out, "hint: the token needs the permission environments=write") {
		t.Errorf("the output is\n%s", out)
	}
	if after := s.github.Snapshot(); after != before {
		t.Errorf("GitHub holds\n%s\nand held\n%s", after, before)
	}
}
