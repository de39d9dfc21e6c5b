package gitlab

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	gl "github.com/xanzy/go-gitlab"
	"golang.org/x/time/rate"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// newClient makes a go-gitlab client that neither waits, nor repeats, nor
// follows a redirect, nor asks anything on its own: GitLab redirects what was
// moved, and the transport does the rest.
func newClient(base, userAgent string, transport http.RoundTripper) (*gl.Client, error) { //nolint:staticcheck // it moved to another module, which can take its place here
	client, err := gl.NewClient("", //nolint:staticcheck // as above
		gl.WithBaseURL(base),
		gl.WithHTTPClient(&http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		gl.WithoutRetries(),
		gl.WithCustomLimiter(rate.NewLimiter(rate.Inf, 0)),
	)
	if err != nil {
		return nil, err
	}
	client.UserAgent = userAgent
	return client, nil
}

// A request is one call of the API, and what an error about it says.
type request struct {
	op, ref string
	method  string
	path    string // escaped, below the API's address
	options any    // the body of a POST or PUT, else the query
	into    any
	masks   bool // the variable that it writes is masked
}

// filtered is a query for one environment scope, exactly.
type filtered struct {
	Filter *gl.VariableFilter `url:"filter,omitempty"`
}

// filter gives what chooses the environment scope; nil for the instance.
func (t *Target) filter(at place) *gl.VariableFilter {
	if t.level == &instanceLevel {
		return nil
	}
	return &gl.VariableFilter{EnvironmentScope: at.scope}
}

// An answer is what came back besides the body; its zero where nothing did.
type answer struct {
	status int
	header http.Header
	date   time.Time // by GitLab's clock
}

// is tells whether it came, with one of the given statuses.
func (a answer) is(statuses ...int) bool { return slices.Contains(statuses, a.status) }

// call makes a request. The error is a *store.Error, or ends with the context's
// own.
func (t *Target) call(ctx context.Context, r request) (answer, error) {
	req, err := t.client.NewRequest(r.method, r.path, r.options, []gl.RequestOptionFunc{gl.WithContext(ctx)})
	if err != nil {
		return answer{}, &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrInvalid, Detail: "the request could not be made up"}
	}
	resp, err := t.client.Do(req, r.into)
	if resp == nil {
		return answer{}, t.explain(rest.Failure(r.op, r.ref, nil, err), r, nil)
	}
	got := answer{resp.StatusCode, resp.Header, rest.Date(resp.Response)}
	if err == nil {
		return got, nil
	}
	var body []byte
	if refusal, ok := errors.AsType[*gl.ErrorResponse](err); ok {
		body = refusal.Body
	}
	return got, t.explain(rest.Failure(r.op, r.ref, resp.Response, err), r, body)
}

// unreadable is the error for a success whose body makes no sense.
func (r request) unreadable() error {
	return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read"}
}
