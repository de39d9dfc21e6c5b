package github

import (
	"context"
	"maps"
	"net/http"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Put writes one secret or variable, with the repositories that it is for.
func (t *Target) Put(ctx context.Context, p store.Placement) (time.Time, error) {
	if err := t.Check(p); err != nil {
		return time.Time{}, err
	}
	chosen, err := t.choose(ctx, p)
	if err != nil {
		return time.Time{}, err
	}
	var at time.Time
	if p.Kind == store.Variable {
		at, err = t.putVariable(ctx, p, chosen)
	} else {
		at, err = t.putSecret(ctx, p, chosen)
	}
	if err == nil {
		t.state(p.Scope).written(p.Kind, t.Canonical(p.Name), chosen.visibility)
	}
	return at, err
}

// putSecret seals and sends. GitHub refuses with 422 what is sealed for a key
// that it has replaced; then the new one is fetched, once.
func (t *Target) putSecret(ctx context.Context, p store.Placement, chosen selection) (time.Time, error) {
	key, err := t.publicKey(ctx, p.Scope, nil)
	if err != nil {
		return time.Time{}, err
	}
	resp, err := t.sendSealed(ctx, p, chosen, key)
	if isStatus(resp, http.StatusUnprocessableEntity) {
		fresh, keyErr := t.publicKey(ctx, p.Scope, key)
		if keyErr == nil && fresh.id != key.id {
			resp, err = t.sendSealed(ctx, p, chosen, fresh)
		}
	}
	if err != nil {
		return time.Time{}, err
	}
	return rest.Date(resp.Response), nil
}

func (t *Target) sendSealed(ctx context.Context, p store.Placement, chosen selection, key *publicKey) (*gh.Response, error) {
	where, err := t.paths(p.Scope)
	if err != nil {
		return nil, err
	}
	sealed, err := key.seal(p.Value)
	if err != nil {
		return nil, &store.Error{Op: "seal", Ref: t.refTo(p.Scope, p.Name), Kind: store.ErrUnavailable}
	}
	body := map[string]any{"encrypted_value": sealed, "key_id": key.id}
	maps.Copy(body, chosen.fields())
	return t.call(ctx, request{
		op: "write secret", ref: t.refTo(p.Scope, p.Name), method: http.MethodPut,
		path: where.secrets + "/" + p.Name, body: body, needs: t.writing(store.Secret),
	})
}

func (t *Target) putVariable(ctx context.Context, p store.Placement, chosen selection) (time.Time, error) {
	where, err := t.paths(p.Scope)
	if err != nil {
		return time.Time{}, err
	}
	_, found := t.state(p.Scope).lookUp(p.Kind, t.Canonical(p.Name))
	return t.writeVariable(ctx, variable{
		op: "write variable", ref: t.refTo(p.Scope, p.Name), base: where.variables,
		name: p.Name, value: string(p.Value.Reveal()), found: found, chosen: chosen,
	})
}

// Delete removes a secret or a variable; that it was gone already is as good.
func (t *Target) Delete(ctx context.Context, scope store.Scope, kind store.Kind, name string) error {
	where, err := t.paths(scope)
	if err != nil {
		return err
	}
	r := request{op: "delete " + string(kind), ref: t.refTo(scope, name), method: http.MethodDelete, needs: t.writing(kind)}
	if !variableName.MatchString(name) {
		return &store.Error{Op: r.op, Ref: t.refOf(scope), Kind: store.ErrInvalid, Detail: "that cannot be a name"}
	}
	r.path = where.of(kind) + "/" + name
	resp, err := t.call(ctx, r)
	if err != nil && !isStatus(resp, http.StatusNotFound) {
		return err
	}
	t.state(scope).deleted(kind, t.Canonical(name))
	return nil
}
