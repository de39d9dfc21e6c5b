package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/store"
)

// writeAll makes the changes of the given actions, side by side. A failure
// that is the placement's own does not keep the others from being written; one
// that the next write would share does.
func (w *writer) writeAll(ctx context.Context, actions ...plan.Action) error {
	var first, rest []*Result
	led := map[string]bool{}
	for i := range w.run.Results {
		res := &w.run.Results[i]
		switch target := res.Change.Target; {
		case !slices.Contains(actions, res.Change.Action):
		case w.unannounced(target) && !led[target]:
			led[target] = true
			first = append(first, res)
		default:
			rest = append(rest, res)
		}
	}
	failed := []error{w.writeEach(ctx, first), w.writeEach(ctx, rest)}
	for i := range w.run.Results {
		if res := &w.run.Results[i]; res.Err != nil {
			failed = append(failed, res.Err)
		}
	}
	return errors.Join(append(failed, ctx.Err())...)
}

// unannounced tells whether nothing was written to a target yet, no intention
// either: then its first change goes alone, since a token that may not write
// shows it only there, and once is enough to be told.
func (w *writer) unannounced(target string) bool {
	return w.run.keepers[target] == nil || w.run.engine.Keys.Current.IsZero()
}

func (w *writer) writeEach(ctx context.Context, results []*Result) error {
	g, _ := newGroup(context.WithoutCancel(ctx), parallel)
	for _, res := range results {
		g.Go(func() error {
			if !w.stopped() && ctx.Err() == nil {
				w.write(ctx, res)
			}
			return nil
		})
	}
	return g.Wait()
}

func (w *writer) write(ctx context.Context, res *Result) {
	c := &res.Change
	t := w.run.targets[c.Target]
	var err error
	if c.Action == plan.Delete {
		err = t.Delete(ctx, store.Scope(c.Scope), store.Kind(c.ID.Kind), c.Name)
	} else {
		var p store.Placement
		if p, err = w.noted(c); err == nil {
			res.at, err = t.Put(ctx, p)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done++
	w.stop = w.stop || shared(err)
	res.Result = Done
	stage := string(c.Action)
	if err != nil {
		stage = "failed to " + stage
		res.Result = Failed
		res.Err = fmt.Errorf("target %s, %s, %s: %w", c.Target, c.Scope, c.Name, err)
	}
	if err == nil || uncertain(err) {
		w.wrote()
	}
	w.run.engine.tell(Event{Stage: stage, What: fmt.Sprintf("%s %s %s", c.Target, c.Scope, c.Name), Done: w.done, Total: w.total})
}

// noted gives what is to be written, with its entry where that lies beside the
// value.
func (w *writer) noted(c *plan.Change) (store.Placement, error) {
	p := placement(c.Desired)
	s := w.run.scopeOf(c)
	if s.Ledger == nil || !s.Notes {
		return p, nil
	}
	at := s.At
	if at.IsZero() {
		at = w.run.engine.Now()
	}
	record := intent(s, c.Desired)
	record.Changed = cmp.Or(record.Changed, at.Unix())
	var label ledger.Label
	if c.Desired.Describes {
		label = s.Box.Label(c.Desired.Secret.Description)
	}
	var err error
	p.Note, err = s.Box.SealNote(c.ID, record, label, equalities(s, c.Desired), at)
	return p, err
}

// shared tells whether the next write would fail for the same reason.
func shared(err error) bool {
	for _, kind := range []error{store.ErrInvalid, store.ErrTooLarge, store.ErrConflict} {
		if errors.Is(err, kind) {
			return false
		}
	}
	return err != nil
}

// uncertain tells a failure that may have come after the store had written: an
// answer that was lost, or that says the store failed. A refusal is certain.
func uncertain(err error) bool {
	if e, ok := errors.AsType[*store.Error](err); ok && e.Uncertain {
		return true
	}
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnreadable) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (w *writer) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stop
}

// settle reads the store's own times of what was written, and enters them in
// the ledger. The ledger is read again before that: who finds that another run
// has written it stops, and has lost nothing.
func (w *writer) settle(ctx context.Context, s *plan.Scope) error {
	if s.Ledger == nil || s.Notes {
		return nil
	}
	results := w.resultsOf(s)
	if !slices.ContainsFunc(results, func(r *Result) bool { return r.Result == Done }) {
		return nil
	}
	updated, err := w.relist(ctx, s, results)
	if err != nil {
		return err
	}
	for _, res := range results {
		w.settleOne(s, res, updated)
	}
	if err := w.unmoved(ctx, s); err != nil {
		return err
	}
	return w.writeLedger(ctx, s)
}

// relist lists the kinds that were written.
func (w *writer) relist(ctx context.Context, s *plan.Scope, results []*Result) (map[ledger.ID]store.Item, error) {
	t := w.run.targets[s.Target]
	var written []store.Kind
	for _, res := range results {
		kind := store.Kind(res.Change.ID.Kind)
		if res.Result == Done && res.Change.Action != plan.Delete && !slices.Contains(written, kind) {
			written = append(written, kind)
		}
	}
	items := map[ledger.ID]store.Item{}
	for _, kind := range written {
		listing, err := t.List(ctx, store.Scope(s.Scope), []store.Kind{kind})
		if err != nil {
			return nil, err
		}
		for _, item := range listing.Items {
			items[ledger.ID{Kind: string(item.Kind), Name: t.Canonical(item.Name)}] = item
		}
	}
	return items, nil
}

// settleOne settles one write. Where the store shows a later time than that of
// our own write, somebody else wrote after us: the intention stays, and the
// next run writes again.
func (w *writer) settleOne(s *plan.Scope, res *Result, items map[ledger.ID]store.Item) {
	if res.Result != Done {
		return
	}
	if res.Change.Action == plan.Delete {
		s.Ledger.Forget(res.Change.ID)
		return
	}
	item, there := items[res.Change.ID]
	if !there || !res.at.IsZero() && item.Updated.After(res.at) {
		w.run.overwritten(res.Change)
		return
	}
	s.Ledger.Settle(res.Change.ID, item.Updated)
}

// unmoved re-reads the shards that are about to be written.
func (w *writer) unmoved(ctx context.Context, s *plan.Scope) error {
	keeper := w.run.keepers[s.Target]
	for _, n := range s.Ledger.Touched() {
		text, err := keeper.ReadShard(ctx, store.Scope(s.Scope), n)
		if err != nil {
			return err
		}
		if s.Ledger.Moved(n, text) {
			return ErrMoved
		}
	}
	return nil
}
