package main

import (
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/secret"
)

// settledProject is a stage at GitLab after a sync.
func settledProject(t *testing.T, words ...string) *stage {
	t.Helper()
	s := gitlabStage(t)
	for i := 0; i+1 < len(words); i += 2 {
		s.write("keyplumb.cue", swap(gitlabPolicy, words[i], words[i+1]))
	}
	for _, environment := range []string{"dev", "prod"} {
		held := values(environment, "one")
		held["FIRST"] = "unbroken-value-of-" + environment
		s.seal(environment, held)
	}
	s.must(exitOK, "sync")
	s.gitlab.Clock().Advance(time.Hour)
	return s
}

// TestProjectDrift: what happens behind keyplumb's back, what drift calls it,
// and that a sync mends it.
func TestProjectDrift(t *testing.T) {
	for _, tt := range []struct {
		name   string
		happen func(*stage)
		rule   string // "" for in sync
		says   string
	}{
		{"nothing", func(*stage) {}, "", ""},
		{"an edit", func(s *stage) {
			s.editVariable("prod", "FIRST", func(v *gitlab.Variable) { v.Value = "theirs-unbroken" })
		}, "edited", ""},
		{"an edit of a plain variable", func(s *stage) {
			s.editVariable("prod", "PLAIN", func(v *gitlab.Variable) { v.Value = "theirs-unbroken" })
		}, "edited", ""},
		{"deleted", func(s *stage) { _ = s.gitlab.DeleteVariable(inProject(), "FIRST", "prod") }, "missing", ""},
		{"the source changed", func(s *stage) { s.change("FIRST", "another-value-of-prod") }, "stale", ""},
		{"unmasked", toggled(func(v *gitlab.Variable) { v.Masked = false }), "misconfigured", "masked"},
		{"unprotected", toggled(func(v *gitlab.Variable) { v.Protected = false }), "misconfigured", "protected"},
		{"expanded", toggled(func(v *gitlab.Variable) { v.Raw = false }), "misconfigured", "raw"},
		{"made a file", toggled(func(v *gitlab.Variable) { v.File = true }), "misconfigured", "file"},
		{"moved to another scope", toggled(func(v *gitlab.Variable) { v.Scope = "elsewhere" }), "missing", ""},
		{"made of many kinds at once", toggled(func(v *gitlab.Variable) { v.Masked, v.Raw, v.Protected = false, false, false }), "misconfigured", "masked, protected, raw"},
		{"a note of one's own beside the entry", toggled(func(v *gitlab.Variable) { v.Description = "ask ops; " + v.Description + " thanks" }), "", ""},
		{"the entry taken away", toggled(func(v *gitlab.Variable) { v.Description = "" }), "", ""},
		{"the entry taken away, and edited", toggled(func(v *gitlab.Variable) { v.Description, v.Value = "", "theirs-unbroken" }), "unverified", "--adopt FIRST"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := settledProject(t, `FIRST: owner:  "a"`, `FIRST: {owner: "a", masked: true}`)
			tt.happen(s)
			code := exitOK
			if tt.rule != "" {
				code = exitFindings
			}
			out := s.must(code, "drift")
			if !strings.Contains(out, tt.says) || tt.rule != "" && !strings.Contains(out, "error["+tt.rule+"]") {
				t.Errorf("drift says\n%s", out)
			}
			if tt.rule == "unverified" {
				s.must(exitOK, "sync", "--adopt", "FIRST")
			} else {
				s.must(exitOK, "sync")
			}
			if out := s.must(exitOK, "drift"); !strings.Contains(out, "6 in sync, 0 unverified") {
				t.Errorf("after a sync\n%s", out)
			}
		})
	}
}

func toggled(change func(*gitlab.Variable)) func(*stage) {
	return func(s *stage) { s.editVariable("prod", "FIRST", change) }
}

// TestProjectDefaults: what is safe without being asked for.
func TestProjectDefaults(t *testing.T) {
	t.Parallel()
	s := gitlabStage(t)
	for _, environment := range []string{"dev", "prod"} {
		s.seal(environment, map[string]string{"FIRST": "long-and-unbroken-" + environment, "SECOND": "in " + environment, "PLAIN": "long-and-plain"})
	}
	s.must(exitOK, "sync")
	for _, tt := range []struct {
		scope, key        string
		masked, protected bool
	}{
		{"dev", "FIRST", true, false}, {"prod", "FIRST", true, true}, {"prod", "SECOND", false, true}, {"prod", "PLAIN", false, true},
	} {
		v := s.variable(tt.scope, tt.key)
		if v.Masked != tt.masked || v.Protected != tt.protected || !v.Raw || v.Hidden || v.File {
			t.Errorf("%s for %s: %+v", tt.key, tt.scope, v)
		}
	}
	// A value that has become maskable is masked, one that no longer is is not.
	s.gitlab.Clock().Advance(time.Hour)
	s.seal("prod", map[string]string{"FIRST": "with space in it", "SECOND": "no-longer-short", "PLAIN": "long-and-plain"})
	s.must(exitOK, "sync")
	if s.variable("prod", "FIRST").Masked || !s.variable("prod", "SECOND").Masked {
		t.Error("masking does not follow the value")
	}
}

// TestValuesArriveInJobs: what a job sees is the value, byte for byte.
func TestValuesArriveInJobs(t *testing.T) {
	t.Parallel()
	s := gitlabStage(t)
	block := "-----BEGIN " + "CERTIFICATE-----\n" + strings.Repeat("QUJD", 16) + "\n" + strings.Repeat("REVG", 16) + "\n-----END " + "CERTIFICATE-----\n"
	s.write("keyplumb.cue", swap(gitlabPolicy, `FIRST: owner:  "a"`, `FIRST: {owner: "a", file: true}`))
	for _, environment := range []string{"dev", "prod"} {
		s.seal(environment, map[string]string{"FIRST": block + environment, "SECOND": "a$HOME ${FIRST} $$ %PATH% " + environment, "PLAIN": block})
	}
	s.must(exitOK, "sync")
	if got := s.jobSees("prod", "FIRST"); got.Value != block+"prod" || !got.File {
		t.Error("a file variable does not hold the block of lines")
	}
	if got := s.jobSees("prod", "PLAIN"); got.Value != block || got.File {
		t.Error("a plain variable does not hold the block of lines")
	}
	if got := s.jobSees("prod", "SECOND"); got.Value != "a$HOME ${FIRST} $$ %PATH% prod" {
		t.Error("a value with $ in it was expanded")
	}
	if out := s.must(exitOK, "drift"); !strings.Contains(out, "6 in sync") {
		t.Errorf("after that\n%s", out)
	}
}

// TestHiddenVariables are never in sync from outside.
func TestHiddenVariables(t *testing.T) {
	t.Parallel()
	s := gitlabStage(t)
	s.write("keyplumb.cue", swap(gitlabPolicy, `FIRST: owner:  "a"`, `FIRST: {owner: "a", hidden: true, environments: ["prod"]}`))
	hold := func(first string) {
		s.seal("dev", map[string]string{"SECOND": "second of dev", "PLAIN": "p"})
		s.seal("prod", map[string]string{"FIRST": first, "SECOND": "second of prod", "PLAIN": "p"})
	}
	hold("hidden-one")
	s.must(exitOK, "sync")
	if v := s.variable("prod", "FIRST"); !v.Hidden || !v.Masked || v.Value != "hidden-one" {
		t.Errorf("it is %+v", v)
	}
	s.gitlab.Clock().Advance(time.Hour)
	out := s.must(exitOK, "drift")
	if !strings.Contains(out, "4 in sync, 1 unverified") || !strings.Contains(out, "keyplumb last wrote it at 2026-11-24 12:00:00 UTC") || !strings.Contains(out, "sync --refresh") {
		t.Errorf("drift says\n%s", out)
	}
	s.editVariable("prod", "FIRST", func(v *gitlab.Variable) { v.Value = "edited-unseen" })
	if out := s.must(exitOK, "drift"); !strings.Contains(out, "1 unverified") {
		t.Errorf("drift says\n%s", out)
	}
	s.must(exitOK, "sync", "--refresh")
	if v := s.variable("prod", "FIRST"); v.Value != "hidden-one" {
		t.Error("a refresh does not write it")
	}
	hold("hidden-two")
	if out := s.must(exitFindings, "drift"); !strings.Contains(out, "error[stale]") {
		t.Errorf("drift says\n%s", out)
	}
	s.must(exitOK, "sync")
	if v := s.variable("prod", "FIRST"); v.Value != "hidden-two" || !v.Hidden {
		t.Errorf("it is %+v", v)
	}
}

// TestHiddenIsForGood: what GitLab never changes is refused with the steps, and
// nothing is deleted.
func TestHiddenIsForGood(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.write("keyplumb.cue", swap(gitlabPolicy, `FIRST: owner:  "a"`, `FIRST: {owner: "a", hidden: true}`))
	s.gitlab.ForgetRequests()
	out := s.must(exitFindings, "sync")
	if strings.Count(out, "error[misconfigured]") != 2 || !strings.Contains(out, "delete the variable in the store") {
		t.Errorf("sync says\n%s", out)
	}
	for _, r := range s.gitlab.Requests() {
		if r.Method == "DELETE" {
			t.Error("it was deleted")
		}
	}
	if err := s.gitlab.DeleteVariable(inProject(), "FIRST", "prod"); err != nil {
		t.Fatal(err)
	}
	if err := s.gitlab.DeleteVariable(inProject(), "FIRST", "dev"); err != nil {
		t.Fatal(err)
	}
	s.must(exitOK, "sync")
	if !s.variable("prod", "FIRST").Hidden {
		t.Error("after the steps it is not hidden")
	}
}

// TestDescriptionsSurvive, however they got there.
func TestDescriptionsSurvive(t *testing.T) {
	t.Parallel()
	s := gitlabStage(t)
	s.write("keyplumb.cue", swap(gitlabPolicy, `SECOND: owner: "a"`, `SECOND: {owner: "a", description: "from the policy"}`))
	s.seal("dev", values("dev", "one"))
	s.seal("prod", values("prod", "one"))
	s.addVariable(gitlab.Variable{Key: "FIRST", Scope: "prod", Value: "before keyplumb", Description: "from before"})
	s.must(exitFindings, "sync")
	s.must(exitOK, "sync", "--adopt", "all")
	s.editVariable("dev", "FIRST", func(v *gitlab.Variable) { v.Description = "from the page: " + v.Description })
	s.editVariable("dev", "PLAIN", func(v *gitlab.Variable) { v.Description += " and after it" })
	s.gitlab.Clock().Advance(time.Hour)
	s.seal("dev", values("dev", "two"))
	s.seal("prod", values("prod", "two"))
	s.must(exitOK, "sync")
	for _, tt := range []struct{ scope, key, want string }{
		{"prod", "FIRST", "from before"}, {"prod", "SECOND", "from the policy"}, {"dev", "FIRST", "from the page:"}, {"dev", "PLAIN", "and after it"},
	} {
		text := s.variable(tt.scope, tt.key).Description
		human, entry, found := strings.Cut(text, " kp1:")
		if human != tt.want || !found || len(entry) != 156 {
			t.Errorf("%s for %s has the description %q", tt.key, tt.scope, text)
		}
	}
	if out := s.must(exitOK, "drift"); !strings.Contains(out, "6 in sync, 0 unverified") {
		t.Errorf("after that\n%s", out)
	}
	s.editVariable("prod", "FIRST", func(v *gitlab.Variable) { v.Description, v.Value = strings.Repeat("x", 200), "theirs" })
	if out := s.must(exitFindings, "sync"); !strings.Contains(out, "FIRST") || s.variable("prod", "FIRST").Value != "theirs" {
		t.Errorf("one without room for the entry was written:\n%s", out)
	}
}

// TestShadowedInGitLab: another scope of the project, seen in the same listing.
func TestShadowedInGitLab(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.addVariable(gitlab.Variable{Key: "FIRST", Scope: "*", Value: "wider"})
	s.addVariable(gitlab.Variable{Key: "SECOND", Scope: "pro*", Value: "wider"})
	s.addVariable(gitlab.Variable{Key: "OTHER", Scope: "*", Value: "of no matter"})
	out := s.must(exitOK, "drift")
	if strings.Count(out, "warning[shadowed]") != 3 || !strings.Contains(out, "it hides a secret of the same name in project:*") || !strings.Contains(out, "project:pro*") {
		t.Errorf("drift says\n%s", out)
	}
}

// TestPrunedInGitLab: only what keyplumb wrote, and only as it wrote it.
func TestPrunedInGitLab(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.addVariable(gitlab.Variable{Key: "THEIRS", Scope: "prod", Value: "x", Description: s.variable("prod", "FIRST").Description})
	s.write("keyplumb.cue", swap(gitlabPolicy, "\tFIRST: owner:  \"a\"\n\tSECOND: owner: \"a\"\n", ""))
	s.editVariable("dev", "SECOND", func(v *gitlab.Variable) { v.Value = "edited" })
	s.must(exitOK, "sync", "--prune")
	var left []string
	for _, v := range s.gitlab.Variables(inProject()) {
		left = append(left, v.Scope+" "+v.Key)
	}
	if got := fmt.Sprint(left); strings.Contains(got, "FIRST") || !strings.Contains(got, "dev SECOND") || strings.Contains(got, "prod SECOND") || !strings.Contains(got, "prod THEIRS") {
		t.Errorf("left are %v", left)
	}
}

// TestLedgerKeyIsRotatedInGitLab without a moment in which an entry is lost.
func TestLedgerKeyIsRotatedInGitLab(t *testing.T) {
	t.Parallel()
	s := settledProject(t)
	s.setenv("KEYPLUMB_LEDGER_KEY_PREVIOUS", s.ledgerKey.Encode())
	s.setenv("KEYPLUMB_LEDGER_KEY", secret.NewKey().Encode())
	if out := s.must(exitOK, "drift"); !strings.Contains(out, "6 in sync") {
		t.Errorf("drift says\n%s", out)
	}
	s.must(exitOK, "sync")
	s.setenv("KEYPLUMB_LEDGER_KEY_PREVIOUS", "")
	if out := s.must(exitOK, "drift"); !strings.Contains(out, "6 in sync") {
		t.Errorf("drift says\n%s", out)
	}
}

// TestOwnAuthority: a self-managed server is believed for the authority that
// its runner names, and no other is.
func TestOwnAuthority(t *testing.T) {
	t.Parallel()
	s := unsyncedProject(t)
	listening := httptest.NewTLSServer(s.gitlab)
	defer listening.Close()
	s.setenv("CI_API_V4_URL", listening.URL+"/api/v4")
	if out := s.must(exitFailed, "sync"); !strings.Contains(out, "the server's certificate is not trusted") {
		t.Errorf("sync says\n%s", out)
	}
	s.write("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: listening.Certificate().Raw})))
	s.setenv("CI_SERVER_TLS_CA_FILE", "ca.pem")
	s.must(exitOK, "sync")

	// For another server than the runner's own the file says nothing.
	s.write("keyplumb.cue", swap(gitlabPolicy, `project: "acme/api"`, fmt.Sprintf(`project: "acme/api", url: %q`, listening.URL)))
	s.setenv("CI_API_V4_URL", "")
	if out := s.must(exitFailed, "drift"); !strings.Contains(out, "the server's certificate is not trusted") {
		t.Errorf("drift says\n%s", out)
	}
}
