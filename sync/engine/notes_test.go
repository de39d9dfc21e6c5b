package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// notingTarget is a target that keeps a note with each variable, masks what
// has no space in it, and shows all scopes in each listing.
type notingTarget struct {
	mu     sync.Mutex
	there  map[string]store.Placement // by scope and name
	calls  []string
	broken map[string]error // by call
	limit  int
}

func (n *notingTarget) call(format string, args ...any) error {
	call := fmt.Sprintf(format, args...)
	n.calls = append(n.calls, call)
	return n.broken[call]
}

func (n *notingTarget) Identity(context.Context) (string, error)                       { return "noting", nil }
func (n *notingTarget) Canonical(name string) string                                   { return name }
func (n *notingTarget) Kinds() []store.Kind                                            { return []store.Kind{store.Secret} }
func (n *notingTarget) NoteLimit() int                                                 { return ledger.NoteSize }
func (n *notingTarget) Capacity(store.Scope, store.Kind) int                           { return n.limit }
func (n *notingTarget) Prepare(context.Context, store.Scope, ...store.Placement) error { return nil }

func (n *notingTarget) Check(p store.Placement) error {
	if p.Attributes["masked"] == "true" && strings.Contains(string(p.Value.Reveal()), " ") {
		return &store.Error{Op: "check", Kind: store.ErrUnmaskable, Detail: "it has whitespace"}
	}
	return nil
}

func (n *notingTarget) Complete(p store.Placement) store.Attributes {
	out := store.Attributes{"masked": fmt.Sprint(!strings.Contains(string(p.Value.Reveal()), " "))}
	maps.Copy(out, p.Attributes)
	return out
}

func (n *notingTarget) List(_ context.Context, scope store.Scope, _ []store.Kind) (store.Listing, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := store.Listing{At: time.Unix(1_900_000_000, 0)}
	for at, p := range n.there {
		if !strings.HasPrefix(at, string(scope)+" ") {
			l.Elsewhere = append(l.Elsewhere, store.Neighbour{Scope: p.Scope, Kind: store.Secret, Name: p.Name})
			continue
		}
		item := store.Item{Kind: store.Secret, Name: p.Name, Attributes: p.Attributes, Note: p.Note}
		if p.Attributes["hidden"] != "true" {
			item.Value, item.Readable = p.Value, true
		}
		l.Items = append(l.Items, item)
	}
	return l, n.call("list %s", scope)
}

func (n *notingTarget) Put(_ context.Context, p store.Placement) (time.Time, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.call("put %s %s", p.Scope, p.Name); err != nil {
		return time.Time{}, err
	}
	n.there[string(p.Scope)+" "+p.Name] = p
	return time.Time{}, nil
}

func (n *notingTarget) Delete(_ context.Context, scope store.Scope, _ store.Kind, name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.there, string(scope)+" "+name)
	return n.call("delete %s %s", scope, name)
}

var _ interface {
	store.Target
	store.Noter
	store.Completer
	store.Capacity
	store.Limited
} = (*notingTarget)(nil)

func newNotingBench(t *testing.T) (*bench, *notingTarget) {
	t.Helper()
	b := newBench(t, strings.Replace(twoSecrets, `{kind: "github", repository: "acme/api"}`, `{kind: "gitlab", project: "acme/api"}`, 1))
	n := &notingTarget{there: map[string]store.Placement{}, broken: map[string]error{}}
	b.OpenTarget = func(context.Context, policy.Target, Use) (store.Target, error) { return n, nil }
	return b, n
}

// What the policy leaves to people, and what an entry takes, are all that a
// description of GitLab's has.
func TestRoomInADescription(t *testing.T) {
	if got := policy.MaxDescription + len(" ") + ledger.NoteSize; got != 255 {
		t.Errorf("together they are %d characters", got)
	}
}

// Value and entry go in one request: nothing is written ahead, nothing settled.
func TestNotesTakeOneRequestEach(t *testing.T) {
	b, n := newNotingBench(t)
	b.sync(t)
	slices.Sort(n.calls)
	want := []string{"list project:dev", "list project:prod", "put project:dev FIRST", "put project:dev SECOND", "put project:prod FIRST", "put project:prod SECOND"}
	if !slices.Equal(n.calls, want) {
		t.Errorf("the calls were %v", n.calls)
	}
	n.calls = nil
	if r := b.sync(t); len(r.Results) != 0 || r.Plan.InSync != 4 || len(n.calls) != 2 {
		t.Errorf("a second run wrote %+v, in %v", r.Results, n.calls)
	}
	e, known := b.prepare(t).Scopes[0].Ledger.Entry(ledger.ID{Kind: "secret", Name: "FIRST"})
	if !known || e.Updated != 1_900_000_000 || e.Settled.Changed != 1_900_000_000 {
		t.Errorf("the times are not the store's own: %+v", e)
	}
}

func TestAFailedWriteBesideNotesIsRepaired(t *testing.T) {
	for _, err := range []*store.Error{errAway, {Op: "put", Kind: store.ErrInvalid}} {
		b, n := newNotingBench(t)
		n.broken["put project:prod FIRST"] = err
		r := b.prepare(t)
		if got := r.Apply(t.Context()); !errors.Is(got, err.Kind) {
			t.Errorf("got %v", got)
		}
		clear(n.broken)
		b.sync(t)
		if r := b.prepare(t); len(r.Plan.Changes) != 0 || r.Plan.InSync != 4 {
			t.Errorf("after another run there is to do: %+v", r.Plan.Changes)
		}
	}
}

func TestNotesThatDoNotOpen(t *testing.T) {
	b, n := newNotingBench(t)
	b.sync(t)
	at := "project:prod FIRST"
	own := n.there[at]
	for _, tt := range []struct {
		name, note, hint string
		keys             ledger.Keys
	}{
		{"another key", own.Note, "KEYPLUMB_LEDGER_KEY", ledger.Keys{Current: secret.NewKey()}},
		{"another variable's", n.there["project:prod SECOND"].Note, "--adopt FIRST", b.Keys},
		{"another scope's", n.there["project:dev FIRST"].Note, "--adopt FIRST", b.Keys},
		{"cut short", own.Note[:50], "--adopt FIRST", b.Keys},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken, was := own, b.Keys
			broken.Note, b.Keys = tt.note, tt.keys
			n.there[at] = broken
			defer func() { n.there[at], b.Keys = own, was }()
			r := b.prepare(t)
			if len(r.Problems()) == 0 || !errors.Is(r.Problems()[len(r.Problems())-1], store.ErrUnreadable) {
				t.Fatalf("problems: %v", r.Problems())
			}
			if hint := store.Hint(r.Problems()[0]); !strings.Contains(hint, tt.hint) {
				t.Errorf("the hint is %q", hint)
			}
		})
	}
	// On a variable that the policy does not place it is nobody's, and harmless.
	stranger := own
	stranger.Name = "THEIRS"
	n.there["project:prod THEIRS"] = stranger
	b.Options.Prune = true
	if r := b.prepare(t); len(r.Problems()) != 0 || len(r.Plan.Changes) != 0 {
		t.Errorf("problems %v, changes %+v", r.Problems(), r.Plan.Changes)
	}
}

func TestRotatingTheLedgerKeyBesideNotes(t *testing.T) {
	b, _ := newNotingBench(t)
	b.sync(t)
	b.Keys = ledger.Keys{Current: secret.NewKey(), Previous: b.Keys.Current}
	if r := b.sync(t); len(r.Results) != 4 || len(r.Plan.Drift()) != 0 {
		t.Errorf("written: %+v", r.Results)
	}
	b.Keys.Previous = secret.Key{}
	if r := b.prepare(t); r.Plan.InSync != 4 {
		t.Errorf("under the new key alone %d are in sync, want 4", r.Plan.InSync)
	}
}

// The store's own words on what it masks come before any write.
func TestUnmaskable(t *testing.T) {
	b, n := newNotingBench(t)
	b.Policy.Targets[0].Attributes = map[string]string{"masked": "true"}
	r := b.prepare(t)
	if len(r.Findings) != 4 || r.Findings[0].Rule != "unmaskable" || r.Findings[0].Message != "it has whitespace" {
		t.Errorf("findings: %+v", r.Findings)
	}
	b.Policy.Targets[0].Attributes = nil
	b.sync(t)
	if got := n.there["project:prod FIRST"].Attributes["masked"]; got != "false" {
		t.Errorf("left to the store, it is masked: %s", got)
	}
}

// Scopes that one listing shows share one limit, and it is told once.
func TestCapacityOfAllScopes(t *testing.T) {
	b, n := newNotingBench(t)
	n.there["project:other X"] = store.Placement{Scope: "project:other", Name: "X"}
	n.limit = 4
	if r := b.prepare(t); len(r.Findings) != 1 || r.Findings[0].Rule != "too-large" || !strings.Contains(r.Findings[0].Message, "would have 5") {
		t.Errorf("findings: %+v", r.Findings)
	}
	n.limit = 5
	if r := b.prepare(t); len(r.Findings) != 0 {
		t.Errorf("findings: %+v", r.Findings)
	}
}

// A description goes along as the plan decided.
func TestDescriptionsAreKept(t *testing.T) {
	b, n := newNotingBench(t)
	b.sync(t)
	at := "project:prod FIRST"
	p := n.there[at]
	p.Attributes = maps.Clone(p.Attributes)
	p.Attributes[plan.Description] = "ask the platform team"
	n.there[at] = p
	b.source.values["prod#FIRST"] = "another first"
	b.sync(t)
	if got := n.there[at]; got.Attributes[plan.Description] != "ask the platform team" || string(got.Value.Reveal()) != "another first" {
		t.Errorf("the description is %q", got.Attributes[plan.Description])
	}
}
