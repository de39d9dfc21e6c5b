package gitlab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	gl "github.com/xanzy/go-gitlab"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A request is one call of the API, and what an error about it says.
type request struct {
	op, ref string
	method  string
	path    string
	options any // the query of a GET or DELETE, the JSON body of a POST or PUT
	into    any
}

// call makes a request. The error is a *store.Error, or ends with the
// context's own; that of a variable that is there already is errTaken, too.
func (t *Target) call(ctx context.Context, r request) (*gl.Response, error) {
	req, err := t.client.NewRequest(r.method, r.path, r.options, []gl.RequestOptionFunc{gl.WithContext(ctx)})
	if err != nil {
		return nil, &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrInvalid, Detail: "the request could not be made up"}
	}
	resp, err := t.client.Do(req, r.into)
	if err == nil {
		return resp, nil
	}
	var answer *http.Response
	if resp != nil {
		answer = resp.Response
	}
	return resp, t.explain(rest.Failure(r.op, r.ref, answer, err), err)
}

// explain adds what a user can do.
func (t *Target) explain(failure, cause error) error {
	e, ok := errors.AsType[*store.Error](failure)
	if !ok {
		return failure
	}
	switch {
	case errors.Is(e, store.ErrUnauthentic):
		e.Hint = cmp.Or(e.Hint, "the token is wrong, expired, revoked, or of another GitLab server")
	case errors.Is(e, store.ErrDenied):
		e.Detail = cmp.Or(e.Detail, "the token may not do this")
		e.Hint = cmp.Or(e.Hint, t.level.needs())
	case errors.Is(e, store.ErrNotFound):
		e.Detail = cmp.Or(e.Detail, "not there, or the token may not see it")
		e.Hint = cmp.Or(e.Hint, t.level.needs())
	case errors.Is(e, store.ErrMoved):
		e.Detail = cmp.Or(e.Detail, "it was renamed or moved")
		e.Hint = cmp.Or(e.Hint, "change the path in the policy")
	case errors.Is(e, store.ErrInvalid):
		refused := refusalOf(cause)
		e.Detail = cmp.Or(e.Detail, refused.words())
		if refused.taken() {
			return fmt.Errorf("%w: %w", errTaken, e)
		}
	}
	return e
}

// unreadable is the error for a success whose body makes no sense.
func (r request) unreadable() error {
	return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read"}
}

// isStatus tells whether an answer came with a status.
func isStatus(resp *gl.Response, status int) bool {
	return resp != nil && resp.Response != nil && resp.StatusCode == status
}
