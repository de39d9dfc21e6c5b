package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/store"
)

// What became of a change.
const (
	Done     = "done"
	Failed   = "failed"
	NotTried = "not_tried"
)

// A Result is what became of one change.
type Result struct {
	Change plan.Change
	Result string // Done, Failed or NotTried
	Err    error  // with Failed

	at time.Time // the store's own time of the write; zero where unknown
}

// ErrTooManyDeletes refuses a plan before anything is written.
var ErrTooManyDeletes = errors.New("too many deletes")

// ErrMoved says that another run wrote the ledger while this one was at work.
var ErrMoved = errors.New("another run of keyplumb is writing to this scope")

// Wrote tells whether anything was written, so that a failure stopped the run
// part-way and not before it began.
func (r *Run) Wrote() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wrote
}

// Apply carries out the plan: intentions first, then values, then, where no
// value failed, deletes; and then it settles what was written. It returns the
// errors of all that failed; Results says what became of each change.
func (r *Run) Apply(ctx context.Context) error {
	if n := r.Plan.Deletes(); n > r.engine.MaxDelete {
		return fmt.Errorf("%w: the plan deletes %d, and --max-delete allows %d", ErrTooManyDeletes, n, r.engine.MaxDelete)
	}
	r.Results = make([]Result, len(r.Plan.Changes))
	for i, c := range r.Plan.Changes {
		r.Results[i] = Result{Change: c, Result: NotTried}
	}
	w := &writer{run: r, total: len(r.Results)}
	if err := w.each(ctx, w.prepare); err != nil {
		return err
	}
	if err := w.each(ctx, w.announce); err != nil {
		return err
	}
	failed := w.writeAll(ctx, plan.Create, plan.Update)
	if failed == nil {
		failed = w.writeAll(ctx, plan.Delete)
	}
	return errors.Join(failed, w.each(ctx, w.settle))
}

// A writer carries out one plan.
type writer struct {
	run   *Run
	total int

	mu   sync.Mutex
	done int
	stop bool // a failure that the next write would share
}

// each does one step for every scope that has something to write, side by side.
func (w *writer) each(ctx context.Context, step func(context.Context, *plan.Scope) error) error {
	var mu sync.Mutex
	var failed []error
	g, gctx := newGroup(ctx, parallel)
	for i := range w.run.Scopes {
		s := &w.run.Scopes[i]
		if !w.hasWork(s) {
			continue
		}
		g.Go(func() error {
			if err := step(gctx, s); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Errorf("target %s, %s: %w", s.Target, s.Scope, err))
			}
			return nil
		})
	}
	return errors.Join(append(failed, g.Wait())...)
}

func (w *writer) hasWork(s *plan.Scope) bool {
	return len(w.resultsOf(s)) > 0 || s.Ledger != nil && !s.Notes && (s.Ledger.Rekeys() || len(leftovers(s)) > 0)
}

func (w *writer) resultsOf(s *plan.Scope) []*Result {
	var out []*Result
	for i := range w.run.Results {
		c := &w.run.Results[i].Change
		if c.Target == s.Target && c.Scope == s.Scope {
			out = append(out, &w.run.Results[i])
		}
	}
	return out
}

// prepare makes a scope ready; nothing is written to any before all are.
func (w *writer) prepare(ctx context.Context, s *plan.Scope) error {
	var writes []store.Placement
	for _, res := range w.resultsOf(s) {
		if res.Change.Action != plan.Delete {
			writes = append(writes, placement(res.Change.Desired))
		}
	}
	if len(writes) == 0 {
		return nil
	}
	t := w.run.targets[s.Target]
	before := written(t)
	err := t.Prepare(ctx, store.Scope(s.Scope), writes...)
	if written(t) > before && (err == nil || uncertain(err)) {
		w.wrote() // it has created the scope
	}
	return err
}

// written gives the number of writes that a target's API was asked for.
func written(t store.Target) int {
	if m, ok := t.(store.Meter); ok {
		_, writes := m.Requests()
		return writes
	}
	return 0
}

// announce writes the intentions into the ledger, where entries and values are
// separate writes.
func (w *writer) announce(ctx context.Context, s *plan.Scope) error {
	if s.Ledger == nil || s.Notes {
		return nil
	}
	if s.Ledger.Rekeys() {
		s.Ledger.Rekey(w.inSync(s))
	}
	for _, res := range w.resultsOf(s) {
		if c := res.Change; c.Action == plan.Delete {
			s.Ledger.BeginDelete(c.ID)
		} else {
			s.Ledger.Begin(c.ID, intent(s, c.Desired), equalities(s, c.Desired))
		}
	}
	for _, id := range leftovers(s) {
		s.Ledger.Forget(id)
	}
	return w.writeLedger(ctx, s)
}

// intent makes the record of what is about to be written. The age of a value
// that is only rewritten stays what it was.
func intent(s *plan.Scope, d *plan.Desired) ledger.Record {
	changed := int64(0)
	if !d.Changed.IsZero() {
		changed = d.Changed.Unix()
	}
	if e, known := s.Ledger.Entry(d.ID); known && e.Settled != nil &&
		e.Settled.Fingerprint.Equal(s.Ledger.Fingerprint(d.ID, d.Value)) {
		changed = e.Settled.Changed
	}
	return s.Box.Record(d.ID, d.Value, d.Version, changed, d.Attributes)
}

func (w *writer) inSync(s *plan.Scope) func(ledger.ID) (ledger.Record, []ledger.Digest, bool) {
	return func(id ledger.ID) (ledger.Record, []ledger.Digest, bool) {
		for i := range s.Desired {
			d := &s.Desired[i]
			if d.ID == id && w.run.Plan.Settled[plan.Place{Target: s.Target, Scope: s.Scope, ID: id}] {
				return s.Box.Record(d.ID, d.Value, d.Version, 0, nil), equalities(s, d), true
			}
		}
		return ledger.Record{}, nil, false
	}
}

// leftovers are the deletes that an earlier run began, of what is gone now.
func leftovers(s *plan.Scope) []ledger.ID {
	there := map[ledger.ID]bool{}
	for _, item := range s.Items {
		there[ledger.ID{Kind: string(item.Kind), Name: item.Name}] = true
	}
	var ids []ledger.ID
	for _, e := range s.Ledger.Entries() {
		if e.Delete && !there[e.ID] {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func (w *writer) writeLedger(ctx context.Context, s *plan.Scope) error {
	keeper := w.run.keepers[s.Target]
	sealed, err := s.Ledger.Seal()
	if err != nil {
		return err
	}
	for _, shard := range sealed {
		if shard.New && shard.Shard > 1 {
			// A run that died may have left this shard behind, uncounted.
			if _, err := keeper.ReadShard(ctx, store.Scope(s.Scope), shard.Shard); err != nil {
				return err
			}
		}
		if err := keeper.WriteShard(ctx, store.Scope(s.Scope), shard.Shard, shard.Text); err != nil {
			if uncertain(err) {
				w.wrote()
			}
			return conflict(err)
		}
		w.wrote()
	}
	return nil
}

// conflict tells a ledger that appeared under our hands from other failures.
func conflict(err error) error {
	if errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("%w: %w", ErrMoved, err)
	}
	return err
}

func (w *writer) wrote() {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	w.run.wrote = true
}
