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
			return time.Time{}, t.taken(err)
		}
		at, settled, settleErr := t.settle(ctx, d)
		switch {
		case settled:
			return at, settleErr
		case settleErr != nil || again || attempt == 2:
			t.memory.lost(d.at)
			return time.Time{}, t.taken(err)
		}
	}
}

// taken says what to do about a variable that was not there when it was looked.
func (t *Target) taken(err error) error {
	if e, ok := errors.AsType[*store.Error](err); ok && errors.Is(e, errTaken) {
		e.Detail, e.Hint = "somebody else has created it since keyplumb looked", "run again, and see whose it is"
	}
	return err
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
	}
	return time.Time{}, true, t.taken(&store.Error{Op: "create variable", Ref: d.ref, Kind: errTaken})
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

// elsewhere is the error for a name that is taken, though not in its scope.
func (t *Target) elsewhere(d *draft) error {
	e := &store.Error{
		Op: "create variable", Ref: d.ref, Kind: store.ErrConflict,
		Detail: "GitLab says that the name is taken, and shows no variable in this scope",
	}
	if t.level == &groupLevel {
		e.Hint = fmt.Sprintf("a free edition of GitLab keeps a group's variables in the scope * alone: is %s there?", d.at.name)
	}
	return e
}
