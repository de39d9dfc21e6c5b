package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

const twoSecrets = `package keyplumb

environments: {
	dev: tier:  "development"
	prod: tier: "production"
}
sources: memory: {kind: "env"}
targets: api: {kind: "github", repository: "acme/api"}
secrets: {
	FIRST: {}
	SECOND: in: [_]: value: =~"^s"
	MAYBE: optional: true
}
`

// bench is an engine over memory.
type bench struct {
	*Engine
	source *memorySource
	target *memoryTarget
}

func newBench(t *testing.T, text string) *bench {
	t.Helper()
	p, findings, err := policy.Load(t.Context(), policy.Options{FS: fstest.MapFS{"keyplumb.cue": {Data: []byte(text)}}})
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	b := &bench{source: &memorySource{}, target: newMemoryTarget()}
	b.Engine = &Engine{
		Policy: p, MaxDelete: 10, Keys: ledger.Keys{Current: secret.NewKey()},
		OpenSource: func(_ context.Context, _ policy.Source, environment string) (store.Source, error) {
			return &prefixed{b.source, environment}, nil
		},
		OpenTarget: func(context.Context, policy.Target, Use) (store.Target, error) { return b.target, nil },
		Now:        func() time.Time { return time.Unix(1_800_000_000, 0) },
	}
	b.source.values = map[string]string{}
	for _, e := range []string{"dev", "prod"} {
		b.source.values[e+"#FIRST"], b.source.values[e+"#SECOND"] = "first of "+e, "second of "+e
	}
	return b
}

// prefixed reads each environment's values under its name.
type prefixed struct {
	*memorySource
	environment string
}

func (p *prefixed) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	refs = slices.Clone(refs)
	for i := range refs {
		refs[i].Path = p.environment
	}
	return p.memorySource.Read(ctx, refs)
}

func (b *bench) prepare(t *testing.T) *Run {
	t.Helper()
	r, err := b.Prepare(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *bench) sync(t *testing.T) *Run {
	t.Helper()
	r := b.prepare(t)
	if err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheOrderOfWrites(t *testing.T) {
	b := newBench(t, twoSecrets)
	b.sync(t)
	delete(b.source.values, "dev#MAYBE")
	calls := b.target.calls
	last := func(prefix string) int {
		for i, c := range slices.Backward(calls) {
			if strings.HasPrefix(c, prefix) {
				return i
			}
		}
		return -1
	}
	first := func(prefix string) int {
		return slices.IndexFunc(calls, func(c string) bool { return strings.HasPrefix(c, prefix) })
	}
	if last("prepare") > first("write ledger") {
		t.Error("an intention was written before all scopes were prepared")
	}
	if nth(calls, "write ledger", 2) > first("put") {
		t.Error("a value was written before every intention was")
	}
	if got := len(b.target.values); got != 4 {
		t.Errorf("%d values were written, want 4", got)
	}
	for _, r := range b.sync(t).Results {
		t.Errorf("a second sync wrote %s", r.Change.Name)
	}
}

// nth gives the index of the nth call that begins so.
func nth(calls []string, prefix string, n int) int {
	for i, c := range calls {
		if strings.HasPrefix(c, prefix) {
			if n--; n == 0 {
				return i
			}
		}
	}
	return -1
}

func TestWhatIsWrongWithAValueIsFoundBeforeAnyWrite(t *testing.T) {
	for _, tt := range []struct {
		name, field, value, rule string
	}{
		{"invalid", "prod#SECOND", "does not begin so", "invalid-value"},
		{"empty", "prod#SECOND", "", "missing-value"},
		{"too large", "prod#SECOND", "s" + strings.Repeat("x", 100), "too-large"},
		{"shared", "prod#SECOND", "second of dev", "shared-key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, twoSecrets)
			b.source.values[tt.field] = tt.value
			r := b.prepare(t)
			if len(r.Findings) != 1 || r.Findings[0].Rule != tt.rule || r.Findings[0].Secret != "SECOND" {
				t.Errorf("got %+v, want one %s", r.Findings, tt.rule)
			}
			if r.Wrote() {
				t.Error("something was written")
			}
		})
	}
}

// A value that is missing must not be taken for one that was given up: with
// prune, what is there would be deleted.
func TestAMissingValueIsNotPruned(t *testing.T) {
	b := newBench(t, twoSecrets)
	b.sync(t)
	delete(b.source.values, "prod#FIRST")
	b.Options.Prune = true
	r := b.prepare(t)
	if n := r.Plan.Deletes(); n != 0 {
		t.Errorf("the plan deletes %d", n)
	}
	if len(r.Findings) != 1 || r.Findings[0].Rule != "missing-value" {
		t.Errorf("got %+v", r.Findings)
	}
}

func TestASourceThatCannotBeReadEndsTheRun(t *testing.T) {
	b := newBench(t, twoSecrets)
	b.source.broken = errAway
	_, err := b.Prepare(t.Context(), true)
	if !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if n := strings.Count(err.Error(), "environment dev"); n != 1 {
		t.Errorf("one reason is given %d times: %v", n, err)
	}
	if len(b.target.calls) != 0 {
		t.Errorf("the target was asked: %v", b.target.calls)
	}
}

// A target that cannot be observed is no reason to say that it is in sync, or
// to delete from it.
func TestATargetThatCannotBeObserved(t *testing.T) {
	b := newBench(t, twoSecrets)
	b.sync(t)
	b.target.fail = failOn("list environment:prod", errAway)
	b.Options.Prune = true
	r := b.prepare(t)
	if len(r.Problems()) != 1 || !errors.Is(r.Problems()[0], store.ErrUnavailable) {
		t.Errorf("problems: %v", r.Problems())
	}
	if len(r.Plan.Changes) != 0 || r.Plan.InSync != 2 || r.Plan.Unverified < 2 {
		t.Errorf("changes %v, in sync %d, unverified %d", r.Plan.Changes, r.Plan.InSync, r.Plan.Unverified)
	}
}

func TestFailuresWhileWriting(t *testing.T) {
	for _, tt := range []struct {
		name, call string
		err        error
		wrote      bool
		values     int // at most
	}{
		{"prepare", "prepare environment:prod", errAway, false, 0},
		{"intention, refused", "write ledger", &store.Error{Op: "write", Kind: store.ErrDenied}, false, 0},
		{"intention, and nobody knows what became of it", "write ledger", errAway, true, 0},
		{"a value of its own fault", "put environment:prod SECOND", &store.Error{Op: "put", Kind: store.ErrInvalid}, true, 3},
		{"a value, and the store is away", "put", errAway, true, 0},
		{"settling", "list environment:prod", errAway, true, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, twoSecrets)
			r := b.prepare(t)
			b.target.fail = failOn(tt.call, tt.err)
			err := r.Apply(t.Context())
			if err == nil || r.Wrote() != tt.wrote || len(b.target.values) > tt.values {
				t.Errorf("error %v, wrote %v, %d values", err, r.Wrote(), len(b.target.values))
			}
			b.target.fail = nil
			b.sync(t)
			if len(b.target.values) != 4 {
				t.Errorf("after another run there are %d values, want 4", len(b.target.values))
			}
			if again := b.prepare(t); len(again.Plan.Changes) != 0 || again.Plan.InSync != 4 {
				t.Errorf("after that a run would do %+v", again.Plan.Changes)
			}
		})
	}
}

// A delete waits for all writes, and is not made when one of them failed.
func TestWritesGoAheadOfDeletes(t *testing.T) {
	b := newBench(t, twoSecrets)
	b.sync(t)
	renamed := newBench(t, strings.ReplaceAll(twoSecrets, "FIRST:", "RENAMED:"))
	renamed.Keys, renamed.target, renamed.Options.Prune = b.Keys, b.target, true
	renamed.OpenTarget = b.OpenTarget
	for _, e := range []string{"dev", "prod"} {
		renamed.source.values[e+"#RENAMED"] = "first of " + e
	}
	b.target.fail = failOn("put environment:dev RENAMED", errAway)
	r := renamed.prepare(t)
	if r.Plan.Deletes() != 2 {
		t.Fatalf("the plan deletes %d, want 2", r.Plan.Deletes())
	}
	if err := r.Apply(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if i := slices.IndexFunc(b.target.calls, func(c string) bool { return strings.HasPrefix(c, "delete") }); i >= 0 {
		t.Error("something was deleted though a write failed")
	}
	b.target.fail = nil
	renamed.sync(t)
	if len(b.target.values) != 4 {
		t.Errorf("%d values, want 4: %v", len(b.target.values), b.target.values)
	}
}

func TestTooManyDeletes(t *testing.T) {
	b := newBench(t, twoSecrets)
	b.sync(t)
	fewer := newBench(t, strings.Replace(twoSecrets, "FIRST: {}", "", 1))
	fewer.Keys, fewer.OpenTarget, fewer.Options.Prune, fewer.MaxDelete = b.Keys, b.OpenTarget, true, 1
	err := fewer.prepare(t).Apply(t.Context())
	if !errors.Is(err, ErrTooManyDeletes) || len(b.target.values) != 4 {
		t.Errorf("error %v, %d values", err, len(b.target.values))
	}
}

// Two runs at once: the one that finds the ledger moved stops.
func TestAnotherRunAtTheSameTime(t *testing.T) {
	b := newBench(t, twoSecrets)
	r := b.prepare(t)
	var came atomic.Bool
	b.target.before = func(call string) {
		if strings.HasPrefix(call, "put environment:prod") && came.CompareAndSwap(false, true) {
			b.sync(t)
		}
	}
	if err := r.Apply(t.Context()); !errors.Is(err, ErrMoved) {
		t.Errorf("got %v, want that another run was found", err)
	}
	b.sync(t)
	if again := b.prepare(t); len(again.Plan.Changes) != 0 {
		t.Errorf("after another run there is still to do: %+v", again.Plan.Changes)
	}
}

// Somebody else's edit right after our write leaves it unsettled.
func TestAnEditRightAfterOurWrite(t *testing.T) {
	b := newBench(t, twoSecrets)
	r := b.prepare(t)
	var edited atomic.Bool
	b.target.before = func(call string) {
		if strings.HasPrefix(call, "list environment:prod") && len(b.target.values) == 4 && edited.CompareAndSwap(false, true) {
			b.target.set("environment:prod", store.Secret, "FIRST", "theirs")
		}
	}
	if err := r.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || r.Findings[0].Rule != "unverified" {
		t.Errorf("findings: %+v", r.Findings)
	}
	again := b.prepare(t)
	if len(again.Plan.Changes) != 1 || again.Plan.Changes[0].Reason != plan.Interrupted {
		t.Errorf("the next run would do %+v", again.Plan.Changes)
	}
}

func TestWithoutALedgerKey(t *testing.T) {
	b := newBench(t, twoSecrets)
	b.Keys = ledger.Keys{}
	b.sync(t)
	if len(b.target.values) != 4 || len(b.target.shards) != 0 {
		t.Errorf("%d values, %d shards", len(b.target.values), len(b.target.shards))
	}
	r := b.prepare(t)
	if len(r.Plan.Changes) != 0 || r.Plan.InSync != 0 || r.Plan.Unverified != 4 {
		t.Errorf("changes %v, in sync %d, unverified %d", r.Plan.Changes, r.Plan.InSync, r.Plan.Unverified)
	}
}

func TestRotatingTheLedgerKey(t *testing.T) {
	b := newBench(t, twoSecrets)
	b.sync(t)
	b.Keys = ledger.Keys{Current: secret.NewKey(), Previous: b.Keys.Current}
	if r := b.sync(t); len(r.Results) != 0 {
		t.Errorf("values were rewritten: %+v", r.Results)
	}
	b.Keys.Previous = secret.Key{}
	if r := b.prepare(t); r.Plan.InSync != 4 {
		t.Errorf("under the new key alone %d are in sync, want 4", r.Plan.InSync)
	}
}

func TestCapacity(t *testing.T) {
	b := newBench(t, twoSecrets)
	b.target.limit = 1
	r := b.prepare(t)
	if len(r.Findings) != 2 || r.Findings[0].Rule != "too-large" {
		t.Errorf("got %+v", r.Findings)
	}
}

// A value that is only written again grows no younger.
func TestARewriteMakesNothingYounger(t *testing.T) {
	b := newBench(t, twoSecrets)
	changed := func(r *Run) int64 {
		t.Helper()
		e, known := r.Scopes[0].Ledger.Entry(ledger.ID{Kind: "secret", Name: "FIRST"})
		if !known || e.Settled == nil {
			t.Fatal("the ledger does not know it")
		}
		return e.Settled.Changed
	}
	before := changed(b.sync(t))
	b.target.set("environment:dev", store.Secret, "FIRST", "theirs")
	r := b.sync(t)
	if len(r.Results) != 1 || changed(r) != before {
		t.Errorf("%d writes; it changed at %d, now at %d", len(r.Results), before, changed(r))
	}
	b.source.values["dev#FIRST"] = "another first of dev"
	if after := changed(b.sync(t)); after <= before {
		t.Errorf("a new value has the age of the old one: %d, %d", before, after)
	}
}
