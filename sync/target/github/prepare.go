package github

import (
	"context"
	"errors"
	"net/http"

	"github.com/keyplumb/keyplumb/sync/store"
)

// Prepare fetches the scope's key, which tells at once whether the scope is
// there; a missing environment is created where that is allowed. It also finds
// the repositories that an organization's secrets are for, so that one that is
// not there is known before any secret is written.
func (t *Target) Prepare(ctx context.Context, scope store.Scope, placements ...store.Placement) error {
	if err := t.prepareScope(ctx, scope); err != nil {
		return err
	}
	for _, p := range placements {
		if _, err := t.choose(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (t *Target) prepareScope(ctx context.Context, scope store.Scope) error {
	_, err := t.publicKey(ctx, scope, nil)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	where, pathErr := t.paths(scope)
	if pathErr != nil || where.environment == "" {
		return err
	}
	if err := t.missingEnvironment(ctx, scope, where, err); err != nil {
		return err
	}
	create := request{
		op: "create environment", ref: t.refOf(scope), method: http.MethodPut,
		path: where.environment, needs: "administration=write",
	}
	// Without a body: one that is empty would clear protections, were there
	// any after all.
	if _, err := t.call(ctx, create); err != nil {
		return err
	}
	_, err = t.publicKey(ctx, scope, nil)
	return err
}

// missingEnvironment finds out what a 404 was about, at the cost of requests
// that are made only then. It gives nil where the environment is missing and
// may be created.
func (t *Target) missingEnvironment(ctx context.Context, scope store.Scope, where paths, notFound error) error {
	look := request{op: "look for environment", ref: t.refOf(scope), method: http.MethodGet, path: where.environment, needs: "actions=read"}
	resp, err := t.call(ctx, look)
	if err == nil {
		return notFound // it is there: what may not be seen is what is in it
	}
	if !isStatus(resp, http.StatusNotFound) {
		return err
	}
	if _, err := t.Identity(ctx); err != nil {
		return err
	}
	if t.options.Create {
		return nil
	}
	return &store.Error{
		Op: look.op, Ref: look.ref, Kind: store.ErrNotFound, Status: http.StatusNotFound,
		Detail: "the repository has no such environment, or the token may not see it",
		Hint:   "create it in the repository's settings, or set create: true on the target",
	}
}
