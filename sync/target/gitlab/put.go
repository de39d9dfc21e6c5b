package gitlab

import (
	"context"
	"errors"
	"net/http"
	"time"

	gl "github.com/xanzy/go-gitlab"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Put creates or updates one variable, value and note in one request. What the
// last listing did not show is created; if it is there after all, somebody else
// created it, and it is left as it is.
func (t *Target) Put(ctx context.Context, p store.Placement) (time.Time, error) {
	if err := t.Check(p); err != nil {
		return time.Time{}, err
	}
	w, err := t.newWrite(p)
	if err != nil {
		return time.Time{}, err
	}
	there, sure := t.listings.know(p.Name, w.scope)
	if there != nil {
		return t.update(ctx, w, there)
	}
	at, err := t.create(ctx, w)
	if !errors.Is(err, errTaken) {
		return at, err
	}
	if sure {
		return time.Time{}, w.conflict()
	}
	if there, err = t.read(ctx, w); err != nil {
		return time.Time{}, err
	}
	return t.update(ctx, w, there)
}

// A write is one placement on its way.
type write struct {
	store.Placement
	scope string // environment scope; "" for the instance
	ref   string
}

func (t *Target) newWrite(p store.Placement) (write, error) {
	scope, err := t.level.environmentScope(p.Scope)
	return write{Placement: p, scope: scope, ref: t.level.refTo(p.Scope, p.Name)}, err
}

func (w write) conflict() error {
	return &store.Error{
		Op: "create variable", Ref: w.ref, Kind: store.ErrConflict, Detail: "somebody else created it meanwhile",
		Hint: "run keyplumb again: it says what is there now",
	}
}

// body is the variable as it is to be; there is what it was, nil for nothing.
func (w write) body(there *found) sent {
	human, said := w.Attributes[attrDescription]
	if !said && there != nil {
		human, _ = splitDescription(there.description())
	}
	s := sent{
		Value: string(w.Value.Reveal()), Type: typeEnv, Protected: w.Attributes[attrProtected] == "true",
		Raw: isRaw(w.Attributes), Description: joinDescription(human, w.Note),
	}
	if w.Attributes[attrFile] == "true" {
		s.Type = typeFile
	}
	if there == nil || !there.Hidden {
		masked := w.Attributes[attrMasked] == "true"
		s.Masked = &masked
	}
	return s
}

// create sends the POST. One whose answer was lost is settled by looking, and
// sent once more only when the variable is not there; then the first may still
// come in ahead of it.
func (t *Target) create(ctx context.Context, w write) (time.Time, error) {
	at, err := t.post(ctx, w)
	for again := true; isLost(err) || !again && errors.Is(err, errTaken); again = false {
		there, readErr := t.read(ctx, w)
		switch {
		case errors.Is(readErr, store.ErrNotFound) && again:
			at, err = t.post(ctx, w)
			continue
		case readErr != nil:
			return time.Time{}, err
		case !w.made(there):
			return time.Time{}, w.conflict()
		}
		t.listings.wrote(w.Name, w.scope, there)
		return time.Time{}, nil
	}
	return at, err
}

func (t *Target) post(ctx context.Context, w write) (time.Time, error) {
	body := w.body(nil)
	body.Key, body.Scope = w.Name, w.scope
	if w.Attributes[attrHidden] == "true" {
		body.Masked, body.MaskedAndHidden = nil, true
	}
	var answer found
	r := request{op: "create variable", ref: w.ref, method: http.MethodPost, path: t.level.base, options: body, into: &answer}
	if err := checkDescription(w.ref, "", body.Description); err != nil {
		return time.Time{}, err
	}
	resp, err := t.call(ctx, r)
	return t.written(w, r, resp, err, body, &answer)
}

// update sends the PUT. What was deleted meanwhile is created anew.
func (t *Target) update(ctx context.Context, w write, there *found) (time.Time, error) {
	body := w.body(there)
	if w.scope != "" {
		body.Filter = &filter{w.scope}
	}
	if err := checkDescription(w.ref, "", body.Description); err != nil {
		return time.Time{}, err
	}
	var answer found
	r := request{op: "update variable", ref: w.ref, method: http.MethodPut, path: t.level.base + "/" + w.Name, options: body, into: &answer}
	resp, err := t.call(ctx, r)
	if isStatus(resp, http.StatusNotFound) {
		at, err := t.create(ctx, w)
		if errors.Is(err, errTaken) {
			err = w.conflict()
		}
		return at, err
	}
	return t.written(w, r, resp, err, body, &answer)
}

// written judges the answer to a write.
func (t *Target) written(w write, r request, resp *gl.Response, err error, body sent, answer *found) (time.Time, error) {
	if err != nil {
		return time.Time{}, err
	}
	t.listings.wrote(w.Name, w.scope, answer)
	if err := t.level.keeps(r, w, body, answer); err != nil {
		return time.Time{}, err
	}
	return rest.Date(resp.Response), nil
}

// read gives the variable as it is.
func (t *Target) read(ctx context.Context, w write) (*found, error) {
	var answer found
	r := request{op: "read variable", ref: w.ref, method: http.MethodGet, path: t.level.base + "/" + w.Name, options: query(w.scope), into: &answer}
	if _, err := t.call(ctx, r); err != nil {
		return nil, err
	}
	if answer.Key != w.Name || answer.scope() != w.scope {
		return nil, r.unreadable()
	}
	return &answer, nil
}

func query(scope string) inScope {
	if scope == "" {
		return inScope{}
	}
	return inScope{&filter{scope}}
}

// isLost tells a request of which nobody knows what became.
func isLost(err error) bool { return errors.Is(err, store.ErrUnavailable) }

// made tells whether what is there is what a lost request was to create: by
// its note, which no other write has, or by all that can be seen.
func (w write) made(there *found) bool {
	item := there.item()
	if w.Note != "" {
		return item.Note == w.Note
	}
	want := w.body(nil)
	return item.Note == "" && item.Readable && item.Value.Equal(w.Value) && there.Type == want.Type && there.Raw == want.Raw &&
		there.Protected == want.Protected && there.Masked == *want.Masked && there.description() == want.Description
}

// Delete removes a variable; that it was gone already is as good.
func (t *Target) Delete(ctx context.Context, scope store.Scope, _ store.Kind, name string) error {
	wanted, err := t.level.environmentScope(scope)
	if err != nil {
		return err
	}
	r := request{op: "delete variable", ref: t.level.refTo(scope, name), method: http.MethodDelete, path: t.level.base + "/" + name, options: query(wanted)}
	if !variableName.MatchString(name) {
		return &store.Error{Op: r.op, Ref: t.level.refOf(scope), Kind: store.ErrInvalid, Detail: "that cannot be a name"}
	}
	resp, err := t.call(ctx, r)
	if err != nil && !isStatus(resp, http.StatusNotFound) {
		return err
	}
	t.listings.wrote(name, wanted, nil)
	return nil
}
