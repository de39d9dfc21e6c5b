package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	gl "github.com/xanzy/go-gitlab"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

func (t *Target) variableAt(at place) string { return t.variables() + "/" + gl.PathEscape(at.name) }

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
	resp, err := t.call(ctx, r)
	if err != nil {
		return time.Time{}, err
	}
	return t.written(d, r, now, resp)
}

// create is one POST, and another only where the first is known not to have
// arrived: an answer that is lost is settled by reading.
func (t *Target) create(ctx context.Context, d *draft) (time.Time, error) {
	if err := t.describe(d, variable{}); err != nil {
		return time.Time{}, err
	}
	for attempt := 1; ; attempt++ {
		var now variable
		r := t.creation(d, &now)
		resp, err := t.call(ctx, r)
		if err == nil && !now.isWhole(t.level) {
			err = r.unreadable()
		}
		again := attempt > 1 && errors.Is(err, errTaken) // by the first one, which arrived late?
		switch {
		case err == nil:
			return t.written(d, r, now, resp)
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
	now, resp, err := t.readAnswer(ctx, d)
	switch {
	case err != nil || now == nil:
		return time.Time{}, false, err
	case d.isOurs(now):
		at, err = t.written(d, t.creation(d, nil), *now, resp)
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

func (t *Target) read(ctx context.Context, d *draft) (*variable, error) {
	found, _, err := t.readAnswer(ctx, d)
	return found, err
}

// readAnswer reads one variable, nil where it is not there.
func (t *Target) readAnswer(ctx context.Context, d *draft) (*variable, *http.Response, error) {
	var found variable
	r := request{
		op: "read variable", ref: d.ref, method: http.MethodGet, path: t.variableAt(d.at),
		options: filtered{t.filter(d.at)}, into: &found,
	}
	resp, err := t.call(ctx, r)
	switch {
	case isStatus(resp, http.StatusNotFound):
		return nil, resp, nil
	case err != nil:
		return nil, resp, err
	case !found.isWhole(t.level) || found.place(t.level) != d.at:
		return nil, resp, r.unreadable()
	}
	return &found, resp, nil
}

// written checks what GitLab has made of a draft, and remembers it.
func (t *Target) written(d *draft, r request, now variable, resp *http.Response) (time.Time, error) {
	if !now.isWhole(t.level) {
		t.memory.lost(d.at)
		return time.Time{}, r.unreadable()
	}
	t.memory.written(now.place(t.level), now)
	if err := t.kept(d, r, &now); err != nil {
		return time.Time{}, err
	}
	return rest.Date(resp), nil
}

// elsewhere is the error for a name that is taken, though not in its scope.
func (t *Target) elsewhere(d *draft) error {
	e := &store.Error{Op: "create variable", Ref: d.ref, Kind: store.ErrConflict, Detail: "GitLab says that the name is taken, and shows no variable in this scope"}
	if t.level == &groupLevel {
		e.Hint = fmt.Sprintf("a free edition of GitLab keeps a group's variables in the scope * alone: is %s there?", d.at.name)
	}
	return e
}

// Delete removes a variable; that it was gone already is as good.
func (t *Target) Delete(ctx context.Context, scope store.Scope, _ store.Kind, name string) error {
	environmentScope, err := t.resolve(scope)
	if err != nil {
		return err
	}
	at := place{environmentScope, name}
	r := request{op: "delete variable", ref: t.refTo(at), method: http.MethodDelete, path: t.variableAt(at), options: filtered{t.filter(at)}}
	if !variableName.MatchString(name) {
		return &store.Error{Op: r.op, Ref: t.refOf(scope), Kind: store.ErrInvalid, Detail: "that cannot be a name"}
	}
	if err := t.mayWrite(r.op, r.ref); err != nil {
		return err
	}
	defer t.listings.forget()
	resp, err := t.call(ctx, r)
	if isStatus(resp, http.StatusNotFound) {
		err = t.isThere(ctx, r)
	}
	if err != nil {
		return err
	}
	t.memory.gone(at)
	return nil
}

// isThere tells the 404 for a variable from the one for all of the target.
func (t *Target) isThere(ctx context.Context, r request) error {
	r.method, r.path, r.options = http.MethodGet, t.variables(), gl.ListOptions{PerPage: 1}
	_, err := t.call(ctx, r)
	return err
}
