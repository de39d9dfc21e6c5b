// Package gitlab writes to the CI/CD variables of a GitLab project, group or
// instance.
//
// The calls go through go-gitlab's NewRequest and Do with the paths of the REST
// documentation, and one piece of code serves the three levels. The client's
// own methods for group variables name no environment scope when they update
// and delete, and ask for hidden ones in a word that GitLab does not know; its
// retries repeat a POST that may have arrived, and are off.
//
// What GitLab does not say is kept in mind here:
//
//   - A variable is its key and its environment scope. A request that names no
//     scope is refused where there are several, or takes any of them.
//   - Values can be read back, unless the variable is hidden. Nothing tells
//     when a variable was changed.
//   - What a version or a tier of GitLab does not know it ignores in silence,
//     so each answer is held against what was sent.
//   - A description is somebody's own; the ledger's note lies behind it.
//   - Hidden is for good: an update can neither hide a variable nor show one.
//
// https://docs.gitlab.com/api/project_level_variables/,
// https://docs.gitlab.com/api/group_level_variables/,
// https://docs.gitlab.com/api/instance_level_ci_variables/
package gitlab

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"sync"

	gl "github.com/xanzy/go-gitlab"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// DefaultURL is the API of gitlab.com.
const DefaultURL = "https://gitlab.com/api/v4"

// Options say which target is meant and how to get in. One of Project, Group
// and Instance is set.
type Options struct {
	URL      string // of the API or of the server; "" is DefaultURL
	Project  string // full path
	Group    string // full path
	Instance bool

	Token    secret.Value // a personal, project or group access token, or an OAuth token
	JobToken secret.Value // the job's own, which is no use here: to tell when it was given for the token

	UserAgent string
	TLS       *tls.Config       // a server's own roots
	Limiter   *rest.Limiter     // shared by the targets of one user; nil: one of its own
	Notify    func(rest.Wait)   // told of each pause
	Next      http.RoundTripper // what sends the requests; nil: a connection pool
}

// NewLimiter makes a limiter for GitLab, which has no pace to keep ahead of:
// GitLab.com takes 2,000 requests a minute, and says when it wants fewer.
// https://docs.gitlab.com/user/gitlab_com/#rate-limits-on-gitlabcom
func NewLimiter() *rest.Limiter { return rest.NewLimiter(rest.Pace{}) }

// APIURL gives the API's address of a server that may be named by either.
func APIURL(server string) string {
	server = strings.TrimRight(server, "/")
	switch {
	case server == "":
		return DefaultURL
	case strings.HasSuffix(server, "/api/v4"):
		return server
	}
	return server + "/api/v4"
}

// A Target is the variables of one project, one group or the instance.
type Target struct {
	level     level
	host      string // of the API, as identities name it
	client    *gl.Client
	transport *rest.Transport
	listings  listings

	identityMu sync.Mutex
	identity   string
}

// New opens a target without a request. The errors are store.ErrInvalid, and
// store.ErrUnauthentic where the credential is none or cannot be the right one.
func New(o Options) (*Target, error) {
	t := &Target{}
	var err error
	if t.level, err = levelOf(o); err != nil {
		return nil, err
	}
	o.URL = APIURL(o.URL)
	if o.Limiter == nil {
		o.Limiter = NewLimiter()
	}
	t.transport, err = rest.New(rest.Options{
		Base: o.URL, UserAgent: o.UserAgent, TLS: o.TLS, Limiter: o.Limiter, Notify: o.Notify, Next: o.Next,
	})
	if err != nil {
		return nil, err
	}
	if err := t.level.checkToken(o); err != nil {
		return nil, err
	}
	if t.client, err = newClient(o, &authorized{token: o.Token, next: t.transport}); err != nil {
		return nil, &store.Error{Op: "open", Ref: t.level.ref, Kind: store.ErrInvalid, Detail: "the address of the API cannot be used"}
	}
	base, _ := url.Parse(o.URL) // rest.New has checked it
	t.host = strings.TrimSuffix(strings.ToLower(base.Host), ":443")
	return t, nil
}

// newClient makes a go-gitlab client that does nothing of its own accord: it
// repeats nothing, waits for nothing, follows no redirect.
func newClient(o Options, transport http.RoundTripper) (*gl.Client, error) {
	client, err := gl.NewOAuthClient("",
		gl.WithBaseURL(o.URL), gl.WithoutRetries(), gl.WithCustomLimiter(unlimited{}),
		gl.WithHTTPClient(&http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}))
	if err == nil {
		client.UserAgent = o.UserAgent
	}
	return client, err
}

// unlimited never waits: the transport below obeys the server's limits.
type unlimited struct{}

func (unlimited) Wait(context.Context) error { return nil }

// Requests counts what the API was asked.
func (t *Target) Requests() (requests, writes int) { return t.transport.Requests() }

// Kinds: GitLab keeps all variables in one namespace.
func (t *Target) Kinds() []store.Kind { return []store.Kind{store.Secret} }

// Canonical is the name itself: GitLab compares with case.
func (t *Target) Canonical(name string) string { return name }

// Prepare has nothing to do: a scope is there as soon as a variable is in it.
func (t *Target) Prepare(_ context.Context, scope store.Scope, _ ...store.Placement) error {
	_, err := t.level.environmentScope(scope)
	return err
}

// Capacity is what GitLab holds, all environment scopes together. Plans and
// administrators may set other numbers; these are the defaults.
// https://docs.gitlab.com/administration/instance_limits/#cicd-variable-limits
func (t *Target) Capacity(_ store.Scope, kind store.Kind) int {
	if kind != store.Secret {
		return 0
	}
	return t.level.capacity
}

var (
	_ store.Target    = (*Target)(nil)
	_ store.Noter     = (*Target)(nil)
	_ store.Completer = (*Target)(nil)
	_ store.Capacity  = (*Target)(nil)
	_ store.Limited   = (*Target)(nil)
	_ store.Meter     = (*Target)(nil)
)
