package gitlab

import (
	"context"
	"errors"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// Put writes one variable. What a listing has shown not to be there is created,
// and not overwritten where somebody else has made it since; what was never
// listed is created or updated.
func (t *Target) Put(ctx context.Context, p store.Placement) (time.Time, error) {
	scope, err := t.resolve(p.Scope)
	if err == nil {
		err = t.Check(p)
	}
	d := &draft{at: place{scope, p.Name}, placement: p, attributes: t.Complete(p)}
	if err == nil {
		d.ref = t.refTo(d.at)
		err = t.mayWrite("write variable", d.ref)
	}
	if err != nil {
		return time.Time{}, err
	}
	defer t.listings.forget()
	was, recalled := t.memory.lookUp(d.at)
	if recalled == present {
		return t.update(ctx, d, was)
	}
	at, err := t.create(ctx, d)
	if recalled == absent || !errors.Is(err, errTaken) {
		return at, err
	}
	found, err := t.read(ctx, d)
	switch {
	case err != nil:
		return time.Time{}, err
	case found == nil:
		return time.Time{}, t.elsewhere(d)
	}
	return t.overwrite(ctx, d, *found)
}

func (t *Target) mayWrite(op, ref string) error {
	if !t.options.ReadOnly {
		return nil
	}
	return &store.Error{Op: op, Ref: ref, Kind: store.ErrDenied, Detail: "the target was opened to be read alone"}
}

// describe makes the description: the policy's text, or else the one that is
// there.
func (t *Target) describe(d *draft, was variable) error {
	text, given := d.attributes[attrDescription]
	if !given {
		text, _ = splitNote(was.description())
	}
	d.description = joinNote(text, d.placement.Note)
	return t.checkDescription(d.placement, text)
}

// update writes over a variable that is known to be there, or creates it where
// it is gone. A group's is looked at first: a PUT whose filter selects nothing
// would change another one of the name.
func (t *Target) update(ctx context.Context, d *draft, was variable) (time.Time, error) {
	if t.level == &groupLevel {
		if err := t.tellsApart(ctx, d.at); err != nil {
			return time.Time{}, err
		}
		found, err := t.read(ctx, d)
		switch {
		case err != nil:
			return time.Time{}, err
		case found == nil:
			return t.create(ctx, d)
		}
		was = *found
	}
	at, err := t.overwrite(ctx, d, was)
	if errors.Is(err, store.ErrNotFound) {
		return t.create(ctx, d)
	}
	return at, err
}

// overwrite is one PUT.
func (t *Target) overwrite(ctx context.Context, d *draft, was variable) (time.Time, error) {
	if err := t.describe(d, was); err != nil {
		return time.Time{}, err
	}
	var now variable
	r := t.change(d, was, &now)
	got, err := t.call(ctx, r)
	if err != nil {
		return time.Time{}, err
	}
	return t.written(d, r, now, got)
}

// written checks what GitLab has made of a draft, and remembers it.
func (t *Target) written(d *draft, r request, now variable, got answer) (time.Time, error) {
	if !now.isWhole(t.level) {
		t.memory.lost(d.at)
		return time.Time{}, r.unreadable()
	}
	t.memory.written(now.place(t.level), now)
	if err := t.kept(d, r, &now); err != nil {
		return time.Time{}, err
	}
	return got.date, nil
}
