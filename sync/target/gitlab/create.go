package gitlab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// create is one POST, and another only where the first is known not to have
// arrived: an answer that is lost is settled by reading.
func (t *Target) create(ctx context.Context, d *draft) (time.Time, error) {
	if err := t.describe(d, variable{}); err != nil {
		return time.Time{}, err
	}
	for attempt := 1; ; attempt++ {
		var now variable
		r := t.creation(d, &now)
		got, err := t.call(ctx, r)
		if err == nil && !now.isWhole(t.level) {
			err = r.unreadable()
		}
		again := attempt > 1 && errors.Is(err, errTaken) // by the first one, which arrived late?
		switch {
		case err == nil:
			return t.written(d, r, now, got)
		case ctx.Err() != nil:
			t.memory.lost(d.at)
			return time.Time{}, err
		case !errors.Is(err, store.ErrUnavailable) && !again:
			return time.Time{}, t.taken(err, d)
		}
		at, settled, settleErr := t.settle(ctx, d)
		switch {
		case settled:
			return at, settleErr
		case settleErr != nil && again: // the name is taken, and nobody saw by whom
			t.memory.lost(d.at)
			return time.Time{}, &store.Error{Op: r.op, Ref: d.ref, Kind: store.ErrUnavailable, Detail: "what became of it could not be read"}
		case settleErr != nil || again || attempt == 2:
			t.memory.lost(d.at)
			return time.Time{}, t.taken(err, d)
		}
	}
}

// taken says what to do about a variable that was not there when it was looked.
func (t *Target) taken(err error, d *draft) error {
	e, ok := errors.AsType[*store.Error](err)
	if !ok || !errors.Is(e, errTaken) {
		return err
	}
	if _, everywhere := t.memory.lookUp(place{"*", d.at.name}); t.level == &groupLevel && d.at.scope != "*" && everywhere == present {
		return t.elsewhere(d)
	}
	e.Detail, e.Hint = "somebody else has created it since keyplumb looked", "run again, and see whose it is"
	return e
}

// settle finds out what became of a POST without an answer: whether it is
// settled, and how. The error of what is not settled is that of the reading.
func (t *Target) settle(ctx context.Context, d *draft) (at time.Time, settled bool, err error) {
	now, got, err := t.readAnswer(ctx, d)
	switch {
	case err != nil || now == nil:
		return time.Time{}, false, err
	case d.isOurs(now):
		at, err = t.written(d, t.creation(d, nil), *now, got)
		return at, true, err
	case d.placement.Note == "" && !now.Value.readable:
		t.memory.lost(d.at)
		return time.Time{}, true, &store.Error{Op: "create variable", Ref: d.ref, Kind: store.ErrUnavailable,
			Detail: "the answer was lost; it is there, and hidden, so that nothing tells whose it is", Hint: "with a ledger key keyplumb could tell"}
	}
	return time.Time{}, true, t.taken(&store.Error{Op: "create variable", Ref: d.ref, Kind: errTaken}, d)
}

// isOurs tells whether what is there is what was sent: by its note, or, where
// there is none, by all that it shows.
func (d *draft) isOurs(now *variable) bool {
	_, note := splitNote(now.description())
	if d.placement.Note != "" {
		return note == d.placement.Note
	}
	return now.Value.readable && d.difference(now) == ""
}

// elsewhere is the error for a name that is taken, though not in its scope. It
// is of a kind that ends the run: the next variable would fare no better, and
// might lie where every job sees it.
func (t *Target) elsewhere(d *draft) error {
	e := &store.Error{
		Op: "create variable", Ref: d.ref, Kind: store.ErrDenied,
		Detail: "GitLab says that the name is taken, and shows no variable in this scope",
	}
	if t.level == &groupLevel {
		e.Detail = "this GitLab's edition keeps group variables in the scope * alone, and there the name is taken"
		e.Hint = fmt.Sprintf("remove %s there by hand; in the policy give the target the scope * (names), or keep the variables in projects", d.at.name)
	}
	return e
}
