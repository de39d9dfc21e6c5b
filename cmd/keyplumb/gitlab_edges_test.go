package main

import (
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/secret"
)

// wants runs a command that has to end with a code and to say so.
func (s *stage) wants(code int, says string, args ...string) {
	s.t.Helper()
	if out := s.must(code, args...); !strings.Contains(out, says) {
		s.t.Errorf("keyplumb %s does not say %q:\n%s", strings.Join(args, " "), says, out)
	}
}

// TestOneProjectByTwoNames: what the policy leaves to the environment is still
// one place with what it names itself, or each target would prune the other's.
func TestOneProjectByTwoNames(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	own := `api: {kind: "gitlab", project: "acme/api"}`
	s.write("keyplumb.cue", swap(gitlabPolicy, "targets: "+own,
		"targets: {\n\t"+own+"\n\tsecond: {kind: \"gitlab\", project: \"acme/api\", url: \""+s.getenv("CI_API_V4_URL")+"\"}\n}"))
	before := s.gitlab.Snapshot()
	s.gitlab.ForgetRequests()
	for _, args := range [][]string{{"check"}, {"sync", "--prune"}, {"sync", "--prune", "--target", "api"}} {
		s.wants(exitUsage, "targets api and second are one place", args...)
	}
	s.untouched(before)
}

// TestTwoTargetsShareOneLimit: a project's, whoever places the variables.
func TestTwoTargetsShareOneLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("lists eighty pages, twice")
	}
	t.Parallel()
	s := unsyncedProject(t)
	s.write("keyplumb.cue", swap(gitlabPolicy, `targets: api: {kind: "gitlab", project: "acme/api"}`,
		"targets: {\n\ta: {kind: \"gitlab\", project: \"acme/api\", only: [\"dev\"]}\n\tb: {kind: \"gitlab\", project: \"acme/api\", only: [\"prod\"]}\n}"))
	for i := range 7_996 {
		s.addVariable(gitlab.Variable{Key: "THEIRS_" + strings.Repeat("I", i%200) + string(rune('A'+i/200%26)) + string(rune('A'+i/5200)), Scope: "elsewhere", Value: "x"})
	}
	s.wants(exitFindings, "would have 8002", "sync")
}

// TestSelectionSeesNoFalseShadow: what the policy places in another scope is no
// stranger's, though this run is not about it.
func TestSelectionSeesNoFalseShadow(t *testing.T) {
	t.Parallel()
	s := unsyncedProject(t)
	s.write("keyplumb.cue", swap(gitlabPolicy, `project: "acme/api"}`, `project: "acme/api", names: dev: "*"}`))
	s.must(exitOK, "sync")
	s.must(exitOK, "drift", "--env", "prod", "--fail-on", "warning")
}

// TestPreviousLedgerKeyIsKept: what a run does not write stays under the
// previous key, and that is told before the key is given up.
func TestPreviousLedgerKeyIsKept(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.setenv("KEYPLUMB_LEDGER_KEY_PREVIOUS", s.ledgerKey.Encode())
	s.setenv("KEYPLUMB_LEDGER_KEY", secret.NewKey().Encode())
	s.write("keyplumb.cue", swap(swap(gitlabPolicy, `FIRST: owner:  "a"`, `FIRST: {owner: "a", in: prod: hold: {reason: "x", until: "2099-12-01"}}`), "\tSECOND: owner: \"a\"\n", ""))
	const told = "note: keep KEYPLUMB_LEDGER_KEY_PREVIOUS for now"
	s.wants(exitOK, told, "sync")
	s.wants(exitOK, "api project:prod FIRST, api project:prod SECOND", "drift")
	s.setenv("KEYPLUMB_LEDGER_KEY_PREVIOUS", "")
	s.wants(exitOK, "the ledger's entry beside it does not open", "drift")
}

// TestNoRoomIsFoundBeforeAnyWrite, and told under its own rule.
func TestNoRoomIsFoundBeforeAnyWrite(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.editVariable("prod", "FIRST", func(v *gitlab.Variable) { v.Description = strings.Repeat("x", 95) })
	s.seal("prod", map[string]string{"FIRST": "another-unbroken-value", "SECOND": "another second", "PLAIN": "another plain"})
	before := s.gitlab.Snapshot()
	s.gitlab.ForgetRequests()
	s.wants(exitFindings, "error[too-large]: FIRST in api project:prod", "sync", "--adopt", "all")
	s.untouched(before)
}

// TestRefusedAfterALostAnswer: a write whose answer was lost and that is then
// refused may have been carried out, so that nobody may say nothing was.
func TestRefusedAfterALostAnswer(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.change("FIRST", "another-value-of-prod")
	put := gitlab.On("PUT", "/projects/acme%2Fapi/variables/FIRST")
	s.gitlab.Inject(gitlab.Fault{When: put, Times: 1, Effect: gitlab.DropAfter()})
	s.gitlab.Inject(gitlab.Fault{When: put, Times: 1, Effect: gitlab.Refuse(403)})
	s.wants(exitPartial, "HTTP 403", "sync")
	s.must(exitOK, "sync")
}

// TestTheSameEditOnBothSides: an emergency edit that the vault catches up with.
// The entry is made anew, so that age and origin are those of the new value.
func TestTheSameEditOnBothSides(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.editVariable("prod", "FIRST", func(v *gitlab.Variable) { v.Value = "rotated-value-of-prod" })
	held := values("prod", "one")
	held["FIRST"] = "rotated-value-of-prod"
	s.seal("prod", held)
	s.wants(exitOK, "6 in sync", "drift")
	s.wants(exitOK, "1 updated", "sync")
	s.wants(exitOK, "0 updated", "sync")
	s.write("keyplumb.cue", swap(gitlabPolicy, "\tFIRST: owner:  \"a\"\n", ""))
	s.wants(exitOK, "2 deleted", "sync", "--prune")
}

// TestWhatIsToBeDoneByHandIsNotInSync, refreshed or not.
func TestWhatIsToBeDoneByHandIsNotInSync(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.write("keyplumb.cue", swap(gitlabPolicy, `FIRST: owner:  "a"`, `FIRST: {owner: "a", hidden: true}`))
	held := values("prod", "one")
	held["FIRST"] = "a-new-value-of-prod"
	s.seal("prod", held)
	for _, args := range [][]string{{"drift"}, {"drift", "--refresh"}} {
		s.wants(exitFindings, "4 in sync, 0 unverified; 2 errors", args...)
	}
	s.wants(exitFindings, "delete the variable in the store", "sync")
	if s.variable("prod", "FIRST").Value != "unbroken-value-of-prod" {
		t.Error("a value that was to be hidden was written where it can be read")
	}
}

// TestWordsThatAreTheSame: a person's own text stays a person's, though the
// policy said the same for a while.
func TestWordsThatAreTheSame(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.editVariable("prod", "SECOND", func(v *gitlab.Variable) { v.Description = "ask ops " + v.Description })
	s.write("keyplumb.cue", swap(gitlabPolicy, `SECOND: owner: "a"`, `SECOND: {owner: "a", description: "ask ops"}`))
	s.change("SECOND", "another second of prod")
	s.must(exitOK, "sync")
	s.write("keyplumb.cue", gitlabPolicy)
	s.must(exitOK, "sync")
	if text := s.variable("prod", "SECOND").Description; !strings.HasPrefix(text, "ask ops ") {
		t.Errorf("the description is %q", text)
	}
}

// TestSavedPlanAndADescription: which is the target's to change, not a source's.
func TestSavedPlanAndADescription(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.change("FIRST", "another-value-of-prod")
	s.must(exitOK, "plan", "--out", "saved.json")
	s.editVariable("prod", "SECOND", func(v *gitlab.Variable) { v.Description += " x" })
	s.wants(exitFailed, "a target has changed", "sync", "--plan", "saved.json")
}

// TestFreeTierAgain: having been told once, a second run puts nothing more where
// every job sees it.
func TestFreeTierAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.toGitLab(gitlab.Options{Clock: s.github.Clock(), Free: true})
	s.gitlab.AddToken(stageToken, gitlab.Member("acme", gitlab.Owner))
	s.write("keyplumb.cue", swap(gitlabPolicy, `project: "acme/api"`, `group: "acme"`))
	s.seal("dev", values("dev", "one"))
	s.seal("prod", values("prod", "one"))
	s.must(exitPartial, "sync")
	before := s.gitlab.Snapshot()
	s.gitlab.Clock().Advance(time.Minute)
	s.wants(exitFailed, "keeps group variables in the scope * alone", "sync")
	if after := s.gitlab.Snapshot(); after != before {
		t.Errorf("GitLab holds\n%s\nand held\n%s", after, before)
	}
}

// TestReadersAreToldWhatReadersNeed: drift needs no token that may write.
func TestReadersAreToldWhatReadersNeed(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	memberToken(gitlab.Member("acme/api", gitlab.Developer), gitlab.Scopes("read_api"))(s)
	s.wants(exitFailed, "the scope api or read_api", "drift")
	memberToken(gitlab.Member("acme/api", gitlab.Maintainer), gitlab.Scopes("read_api"))(s)
	s.must(exitOK, "drift")
}
