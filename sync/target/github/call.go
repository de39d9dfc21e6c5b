package github

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"

	gh "github.com/google/go-github/v60/github"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A request is one call of the API, and what an error about it says.
type request struct {
	op, ref    string
	method     string
	path       string
	body, into any
	needs      string // the permission that it takes
}

// call makes a request. The error is a *store.Error, or ends with the
// context's own.
func (t *Target) call(ctx context.Context, r request) (*gh.Response, error) {
	return call(ctx, t.client, r)
}

func call(ctx context.Context, client *gh.Client, r request) (*gh.Response, error) {
	req, err := client.NewRequest(r.method, r.path, r.body)
	if err != nil {
		return nil, &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrInvalid, Detail: "the request could not be made up"}
	}
	resp, err := client.Do(ctx, req, r.into)
	if err == nil {
		return resp, nil
	}
	var answer *http.Response
	if resp != nil {
		answer = resp.Response
	}
	return resp, explain(rest.Failure(r.op, r.ref, answer, err), answer, r.needs)
}

// permissions is how GitHub lists what a call would have needed:
// "secrets=write; metadata=read,contents=read".
var permissions = regexp.MustCompile(`^[a-z_]{1,60}=(read|write|admin)([,;] ?[a-z_]{1,60}=(read|write|admin)){0,9}$`)

// explain adds what a user can do.
func explain(err error, answer *http.Response, needs string) error {
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		return err
	}
	if answer != nil {
		if said := answer.Header.Get("X-Accepted-Github-Permissions"); permissions.MatchString(said) {
			needs = said
		}
	}
	switch {
	case errors.Is(e, store.ErrUnauthentic):
		e.Hint = cmp.Or(e.Hint, "the token is wrong, expired, revoked, or of another GitHub server")
	case errors.Is(e, store.ErrDenied):
		e.Detail = cmp.Or(e.Detail, "the token may not do this")
		e.Hint = cmp.Or(e.Hint, permissionHint(needs))
	case errors.Is(e, store.ErrNotFound):
		e.Detail = cmp.Or(e.Detail, "not there, or the token may not see it")
		e.Hint = cmp.Or(e.Hint, permissionHint(needs))
	case errors.Is(e, store.ErrMoved):
		e.Detail = cmp.Or(e.Detail, "it was renamed or transferred")
		e.Hint = cmp.Or(e.Hint, "change the name in the policy")
	}
	return e
}

// unreadable is the error for a success whose body makes no sense.
func (r request) unreadable() error {
	return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read"}
}

func permissionHint(needs string) string {
	if needs == "" {
		return ""
	}
	return "the token needs the permission " + needs
}

// isStatus tells whether an answer came, with one of the given statuses.
func isStatus(resp *gh.Response, statuses ...int) bool {
	if resp == nil || resp.Response == nil {
		return false
	}
	return slices.Contains(statuses, resp.StatusCode)
}
