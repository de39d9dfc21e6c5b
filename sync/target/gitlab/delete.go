package gitlab

import (
	"context"
	"net/http"

	gl "github.com/xanzy/go-gitlab"

	"github.com/keyplumb/keyplumb/sync/store"
)

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
	if err := t.tellsApart(ctx, at); err != nil {
		return err
	}
	defer t.listings.forget()
	got, err := t.call(ctx, r)
	if got.is(http.StatusNotFound) {
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
