package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

// The process is killed after every single request of a sync, one after the
// other. Each time another run must end in the state of one that was not
// interrupted, and at no moment may a secret be missing that was there and is
// wanted.

const changedPolicy = `package keyplumb

environments: {
	dev: tier:  "development"
	prod: tier: "production"
}
sources: files: {kind: "sops", path: "secrets.{env}.yaml"}
targets: api: {kind: "github", repository: "acme/api"}
secrets: {
	SECOND: owner: "a"
	THIRD: owner:  "a"
	PLAIN: {owner: "a", sensitive: false}
}
`

func values(environment, generation string) map[string]string {
	v := map[string]string{}
	for _, name := range []string{"FIRST", "SECOND", "THIRD", "PLAIN"} {
		v[name] = fmt.Sprintf("%s of %s, %s", name, environment, generation)
	}
	return v
}

// unsynced makes a stage for a first sync; changing one where values and names
// have changed since, so that a sync creates, updates and deletes.
func unsynced(t *testing.T) *stage {
	s := newStage(t)
	s.write("keyplumb.cue", stagePolicy)
	s.seal("dev", values("dev", "one"))
	s.seal("prod", values("prod", "one"))
	return s
}

func changing(t *testing.T) *stage {
	s := unsynced(t)
	s.must(exitOK, "sync")
	s.github.Clock().Advance(time.Hour)
	s.write("keyplumb.cue", changedPolicy)
	s.seal("dev", values("dev", "two"))
	s.seal("prod", values("prod", "two"))
	s.github.ForgetRequests()
	return s
}

func TestKilledAfterEveryRequest(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a hundred processes")
	}
	for _, tt := range []struct {
		name  string
		stage func(*testing.T) *stage
		least int      // requests that an undisturbed sync makes at least
		keeps []string // what is there before, and must be there all along
	}{
		{"a first sync", unsynced, 20, nil},
		{"a changing sync", changing, 20, []string{"SECOND"}},
		{"a first sync to GitLab", unsyncedProject, 8, nil},
		{"a changing sync to GitLab", changingProject, 10, []string{"SECOND"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			undisturbed := tt.stage(t)
			undisturbed.must(exitOK, "sync", "--prune")
			requests := undisturbed.requests()
			want := undisturbed.state()
			if requests < tt.least {
				t.Fatalf("an undisturbed sync makes %d requests only", requests)
			}
			for n := 1; n <= requests; n++ {
				t.Run(fmt.Sprintf("request %d of %d", n, requests), func(t *testing.T) {
					s := tt.stage(t)
					s.killAfter(n, tt.keeps)
					s.github.Clock().Advance(time.Minute)
					s.must(exitOK, "sync", "--prune")
					if got := s.state(); got != want {
						t.Errorf("another run ends in another state:\n%s\nwant:\n%s", got, want)
					}
					if out := s.must(exitOK, "drift"); !strings.Contains(out, "6 in sync, 0 unverified") {
						t.Errorf("after that:\n%s", out)
					}
				})
			}
		})
	}
}

// killAfter runs a sync and kills it when the emulator has processed the nth
// request, before the answer goes out.
func (s *stage) killAfter(n int, keeps []string) {
	s.t.Helper()
	ctx, kill := context.WithCancel(s.t.Context())
	defer kill()
	cmd := s.process(ctx, "sync", "--prune")
	ended := s.connections.Since()
	var once sync.Once
	s.after(func(done int, _, _ string) {
		for _, name := range keeps {
			for _, environment := range []string{"dev", "prod"} {
				if !s.holds(environment, name) {
					s.t.Errorf("after request %d %s is missing in %s", done, name, environment)
				}
			}
		}
		if done >= n {
			once.Do(kill)
			<-ctx.Done()
			time.Sleep(5 * time.Millisecond) // so that no answer gets through
		}
	})
	out, err := cmd.CombinedOutput()
	if ctx.Err() == nil || err == nil {
		s.t.Errorf("the process was not killed: it ended by itself before request %d (%v)\n%s", n, err, out)
	}
	if err := ended(s.t.Context(), s.address()); err != nil {
		s.t.Error(err)
	}
	s.after(nil)
}

// address is where the stage's CI listens.
func (s *stage) address() string {
	s.t.Helper()
	variable := "GITHUB_API_URL="
	if s.gitlab != nil {
		variable = "CI_API_V4_URL="
	}
	for _, pair := range slices.Backward(s.environ) {
		if text, ok := strings.CutPrefix(pair, variable); ok {
			u, err := url.Parse(text)
			if err != nil {
				s.t.Fatal(err)
			}
			return u.Host
		}
	}
	s.t.Fatal("the stage's CI has no address")
	return ""
}

// after has a hook called after each request that the stage's CI processed.
func (s *stage) after(hook func(n int, method, path string)) {
	if s.gitlab != nil {
		s.gitlab.After(hook)
		return
	}
	s.github.After(hook)
}

// requests counts what the stage's CI was asked.
func (s *stage) requests() int {
	if s.gitlab != nil {
		return len(s.gitlab.Requests())
	}
	return len(s.github.Requests())
}

func (s *stage) holds(environment, name string) (there bool) {
	if s.gitlab != nil {
		_, there = s.gitlab.Variable(inProject(), name, environment)
		return there
	}
	_, there = s.github.SecretValue(emulator.InEnvironment("acme/api", environment), name)
	return there
}

// state is what the CI holds, and what the ledgers say of it, without what no
// two runs share: times, generations, nonces.
func (s *stage) state() string {
	s.t.Helper()
	if s.gitlab != nil {
		return s.projectState()
	}
	var out strings.Builder
	out.WriteString(s.github.Snapshot(emulator.WithoutVariables("KEYPLUMB_LEDGER")))
	for _, environment := range []string{"dev", "prod"} {
		for _, e := range s.entries(environment) {
			r := e.Settled
			if r == nil || e.Unsettled() {
				fmt.Fprintf(&out, "%s %v: not settled\n", environment, e.ID)
				continue
			}
			v := secret.New([]byte(s.value(environment, e.ID)))
			fmt.Fprintf(&out, "%s %v: right value %v, attributes %v\n", environment, e.ID,
				r.Fingerprint.Equal(s.box(environment).Record(e.ID, v, "", 0, nil).Fingerprint), r.Attributes)
		}
	}
	return out.String()
}

func (s *stage) value(environment string, id ledger.ID) string {
	place := emulator.InEnvironment("acme/api", environment)
	if id.Kind == string(store.Variable) {
		value, _ := s.github.VariableValue(place, id.Name)
		return value
	}
	value, _ := s.github.SecretValue(place, id.Name)
	return value
}

// entries opens an environment's ledger.
func (s *stage) entries(environment string) []ledger.Entry {
	s.t.Helper()
	text, _ := s.github.VariableValue(emulator.InEnvironment("acme/api", environment), "KEYPLUMB_LEDGER_ENV")
	opened, _, err := ledger.Open(s.box(environment), text)
	if err != nil {
		s.t.Fatal(err)
	}
	return opened.Entries()
}

func (s *stage) box(environment string) *ledger.Box {
	s.t.Helper()
	target, err := github.New(github.Options{URL: s.github.URL, Repository: "acme/api", ScopeKind: "environment",
		Store: "actions", Token: secret.New([]byte(stageToken))})
	if err != nil {
		s.t.Fatal(err)
	}
	identity, err := target.Identity(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return ledger.NewBox(ledger.Keys{Current: s.ledgerKey}, identity, "github actions", "environment:"+environment)
}
