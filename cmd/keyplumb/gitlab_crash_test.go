package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

// unsyncedProject and changingProject are the stages of the crash suite at
// GitLab. The changing one has descriptions, and a variable to delete.
func unsyncedProject(t *testing.T) *stage {
	s := gitlabStage(t)
	s.seal("dev", values("dev", "one"))
	s.seal("prod", values("prod", "one"))
	return s
}

func changingProject(t *testing.T) *stage {
	s := unsyncedProject(t)
	s.must(exitOK, "sync")
	for _, environment := range []string{"dev", "prod"} {
		s.editVariable(environment, "SECOND", func(v *emulator.Variable) { v.Description = "mine " + v.Description })
	}
	s.gitlab.Clock().Advance(time.Hour)
	s.write("keyplumb.cue", toProject(changedPolicy))
	s.seal("dev", values("dev", "two"))
	s.seal("prod", values("prod", "two"))
	s.gitlab.ForgetRequests()
	return s
}

// ledgerEntry is where the ledger's entry lies in a description.
var ledgerEntry = regexp.MustCompile(`kp1:[A-Za-z0-9_-]{156}`)

// projectState is what GitLab holds, each entry opened.
func (s *stage) projectState() string {
	s.t.Helper()
	var out []string
	for _, v := range s.gitlab.Variables(inProject()) {
		note := ledgerEntry.FindString(v.Description)
		id := ledger.ID{Kind: "secret", Name: v.Key}
		notes := ledger.NewNotes(s.projectBox("project:" + v.Scope))
		said := "no entry"
		if note != "" {
			said = fmt.Sprint(notes.AddNote(id, note))
		}
		if e, ok := notes.Entry(id); ok {
			said = fmt.Sprintf("right value %v", e.Settled.Fingerprint.Equal(notes.Fingerprint(id, secret.New([]byte(v.Value)))))
		}
		if said != "right value true" {
			s.t.Errorf("the entry of %s for %s: %s", v.Key, v.Scope, said)
		}
		v.Description = strings.Replace(v.Description, note, "(entry)", 1)
		out = append(out, fmt.Sprintf("%+v: %s\n", v, said))
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

// projectBox makes the box of the entries of one scope.
func (s *stage) projectBox(scope string) *ledger.Box {
	s.t.Helper()
	target, err := gitlab.New(gitlab.Options{URL: s.getenv("CI_API_V4_URL"), Project: "acme/api", Token: secret.New([]byte(stageToken))})
	if err != nil {
		s.t.Fatal(err)
	}
	identity, err := target.Identity(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return ledger.NewBox(ledger.Keys{Current: s.ledgerKey}, identity, "gitlab ", scope)
}

// getenv gives a variable of the stage's commands.
func (s *stage) getenv(name string) string {
	value := ""
	for _, pair := range s.environ {
		if rest, ok := strings.CutPrefix(pair, name+"="); ok {
			value = rest
		}
	}
	return value
}
