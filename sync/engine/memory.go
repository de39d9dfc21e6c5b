package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/store"
)

// openLedger reads the shards of a scope's ledger.
func (r *Run) openLedger(ctx context.Context, s *plan.Scope) error {
	keeper := r.keepers[s.Target]
	if keeper == nil || r.engine.Keys.Current.IsZero() {
		return nil
	}
	box := r.box(s)
	text, err := keeper.ReadShard(ctx, store.Scope(s.Scope), 1)
	if err != nil {
		return err
	}
	opened, shards, err := ledger.Open(box, text)
	if err != nil {
		return unreadable(err, 1)
	}
	for n := 2; n <= shards; n++ {
		text, err := keeper.ReadShard(ctx, store.Scope(s.Scope), n)
		if err != nil {
			return err
		}
		if err := opened.Add(text); err != nil {
			return unreadable(err, n)
		}
	}
	s.Box, s.Ledger = box, opened
	return nil
}

// openNotes makes a ledger of the entries that lie beside the values. One that
// cannot be opened is an error where the policy places something there, and
// else nobody's.
func (r *Run) openNotes(s *plan.Scope) error {
	if r.engine.Keys.Current.IsZero() {
		return nil
	}
	box := r.box(s)
	opened := ledger.NewNotes(box)
	for _, item := range s.Items {
		id := ledger.ID{Kind: string(item.Kind), Name: item.Name}
		if item.Note == "" {
			continue
		}
		if err := opened.AddNote(id, item.Note); err != nil && isPlaced(s, id) {
			return unreadableNote(err, item.Name)
		}
	}
	s.Box, s.Ledger = box, opened
	return nil
}

// isPlaced tells whether a run is about a variable, and may write it.
func isPlaced(s *plan.Scope, id ledger.ID) bool {
	return slices.ContainsFunc(s.Desired, func(d plan.Desired) bool { return d.ID == id && d.Binding.Hold == nil })
}

// box makes the box of a scope's ledger.
func (r *Run) box(s *plan.Scope) *ledger.Box {
	return ledger.NewBox(r.engine.Keys, s.Identity, s.Store, s.Scope)
}

// unreadable says the way out of a ledger that cannot be opened.
func unreadable(err error, shard int) error {
	hint := "if it is lost, delete the scope's KEYPLUMB_LEDGER variables and run keyplumb sync --adopt all"
	switch {
	case errors.Is(err, ledger.ErrOtherKey):
		hint = otherKey
	case errors.Is(err, ledger.ErrOtherScope):
		hint = "it was copied here, or the repository was made anew under an old name: delete the scope's KEYPLUMB_LEDGER variables and run keyplumb sync --adopt all"
	case errors.Is(err, ledger.ErrFormat):
		hint = "use the version of keyplumb that wrote it, or a later one; else delete the scope's KEYPLUMB_LEDGER variables and run keyplumb sync --adopt all"
	}
	return &store.Error{Op: "open the ledger", Ref: fmt.Sprintf("shard %d", shard), Kind: store.ErrUnreadable, Detail: err.Error(), Hint: hint}
}

const otherKey = "set KEYPLUMB_LEDGER_KEY to the key that sealed it; while you rotate the key, set the old one as KEYPLUMB_LEDGER_KEY_PREVIOUS"

// unreadableNote says the way out of an entry that cannot be opened.
func unreadableNote(err error, name string) error {
	anew := fmt.Sprintf("take the text that begins with %s out of the variable's description, and run keyplumb sync --adopt %s", ledger.NotePrefix, name)
	e := &store.Error{Op: "open the ledger's entry of", Ref: name, Kind: store.ErrUnreadable, Detail: err.Error(),
		Hint: "if it came from another variable, or was damaged, " + anew}
	switch {
	case errors.Is(err, ledger.ErrOtherKey):
		e.Hint = otherKey + "; if it is lost, " + anew
	case errors.Is(err, ledger.ErrOtherScope):
		e.Hint = "the variable was moved here, or the project was made anew: " + anew
	case errors.Is(err, ledger.ErrFormat):
		e.Hint = "use the version of keyplumb that wrote it, or a later one; else " + anew
	}
	return e
}
