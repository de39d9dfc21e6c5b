// Package github writes to GitHub's stores of secrets: those of Actions,
// Dependabot and Codespaces, of a repository, an environment or an
// organization; and, for what is not secret, to the variables of Actions.
//
// The calls go through go-github's NewRequest and Do with paths of the REST
// documentation. Its own methods do not escape what they put in a path, use
// another form for environments, cannot send an empty list of repositories and
// clear an environment's protection when they create it.
//
// What GitHub does not say is kept in mind here:
//
//   - A secret cannot be read back. A listing tells names and times.
//   - 404 means not found, or not allowed to see. The errors say both.
//   - Names have no case; listings give them in upper case.
//   - A value goes out in a sealed box for the scope's own public key; each
//     environment has another one, and so has each store.
//   - The whole of an organization secret is sent at each write: a request
//     with a visibility and without a value has lost values before.
package github

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	gh "github.com/google/go-github/v60/github"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// DefaultURL is the API of github.com.
const DefaultURL = "https://api.github.com"

// The stores and the scopes, as [Options] names them.
const (
	Actions    = "actions"
	Dependabot = "dependabot"
	Codespaces = "codespaces"

	ScopeEnvironment  = "environment"
	ScopeRepository   = "repository"
	ScopeOrganization = "organization"
)

// Options say which target is meant and how to get in.
type Options struct {
	URL          string // of the API; "" is DefaultURL. A GitHub Enterprise Server's is https://HOST/api/v3
	Repository   string // owner/name, where the scope is an environment or a repository
	Organization string // where the scope is an organization
	ScopeKind    string // environment, repository or organization
	Store        string // actions, dependabot or codespaces
	Create       bool   // a missing environment may be created
	ReadOnly     bool   // nothing will be written: an App's token is asked for that much only
	Variables    bool   // plain variables are placed or a ledger is kept: asks for the permission with an App

	Token secret.Value // a personal access token, or any that GitHub takes
	App   *App         // instead of a token

	UserAgent string
	TLS       *tls.Config       // a server's own roots
	Limiter   *rest.Limiter     // shared by the targets of one account; nil: one of its own
	Notify    func(rest.Wait)   // told of each pause
	Next      http.RoundTripper // what sends the requests; nil: a connection pool
}

// NewLimiter makes a limiter that knows GitHub's pace: a write costs five of
// the 900 points that a minute has, so that 180 writes are the most and some
// room is left for reads. A burst of 100 secrets with their ledger is not
// slowed. The strict pace is the one for requests that make content.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
func NewLimiter() *rest.Limiter {
	return rest.NewLimiter(rest.Pace{Burst: 110, PerMinute: 66, Strict: 80})
}

// A Target is one repository's or one organization's store.
type Target struct {
	options   Options
	owner     string
	name      string // of the repository; "" for an organization
	host      string // of the API, as identities name it
	client    *gh.Client
	transport *rest.Transport
	app       *installation // nil with a plain token

	identityMu sync.Mutex
	identity   string

	idsMu sync.Mutex
	ids   map[string]int64 // of repositories, by name in lower case

	mu     sync.Mutex
	scopes map[store.Scope]*scopeState
}

var (
	repositoryName   = regexp.MustCompile(`^([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)$`)
	organizationName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// New opens a target without a request. The errors are store.ErrInvalid, and
// store.ErrUnauthentic where there is no credential.
func New(o Options) (*Target, error) {
	t := &Target{options: o, scopes: map[store.Scope]*scopeState{}, ids: map[string]int64{}}
	if err := t.setNames(); err != nil {
		return nil, err
	}
	if o.URL == "" {
		o.URL = DefaultURL
	}
	if o.Limiter == nil {
		o.Limiter = NewLimiter()
	}
	options := rest.Options{
		Base: o.URL, UserAgent: o.UserAgent, TLS: o.TLS, Limiter: o.Limiter, Notify: o.Notify, Next: o.Next,
	}
	transport, err := rest.New(options)
	if err != nil {
		return nil, err
	}
	t.transport = transport
	bearer := plainToken(o.Token)
	switch {
	case o.App != nil:
		if t.app, err = newInstallation(t, options, *o.App); err != nil {
			return nil, err
		}
		bearer = t.app.token
	case o.Token.IsEmpty():
		return nil, &store.Error{
			Op: "open", Ref: t.ref(), Kind: store.ErrUnauthentic, Detail: "there is no token",
			Hint: "set GITHUB_TOKEN, or KEYPLUMB_GITHUB_APP_ID and KEYPLUMB_GITHUB_APP_PRIVATE_KEY",
		}
	}
	t.client = newClient(o, &authorized{bearer: bearer, next: transport})
	t.host = strings.TrimSuffix(strings.ToLower(t.client.BaseURL.Host), ":443")
	return t, nil
}

func (t *Target) setNames() error {
	o := t.options
	invalid := func(detail string) error {
		return &store.Error{Op: "open", Ref: "github target", Kind: store.ErrInvalid, Detail: detail}
	}
	switch o.Store {
	case Actions:
	case Dependabot, Codespaces:
		if o.ScopeKind == ScopeEnvironment {
			return invalid("only the actions store has environments")
		}
	default:
		return invalid("the store must be actions, dependabot or codespaces")
	}
	switch o.ScopeKind {
	case ScopeEnvironment, ScopeRepository:
		parts := repositoryName.FindStringSubmatch(o.Repository)
		if parts == nil || isDots(parts[1]) || isDots(parts[2]) {
			return invalid("a repository is named owner/name")
		}
		t.owner, t.name = parts[1], parts[2]
	case ScopeOrganization:
		if !organizationName.MatchString(o.Organization) || isDots(o.Organization) {
			return invalid("an organization is named by its login")
		}
		t.owner = o.Organization
	default:
		return invalid("the scope must be environment, repository or organization")
	}
	return nil
}

// isDots finds the names that mean another place in a path.
func isDots(name string) bool { return name == "." || name == ".." }

// newClient makes a go-github client for a base URL that rest.New has checked.
// It follows no redirect: GitHub redirects what was renamed.
func newClient(o Options, transport http.RoundTripper) *gh.Client {
	client := gh.NewClient(&http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	base, err := url.Parse(strings.TrimSuffix(o.URL, "/") + "/")
	if err == nil {
		client.BaseURL = base
	}
	if o.UserAgent != "" {
		client.UserAgent = o.UserAgent
	}
	return client
}

// ref names the target in errors.
func (t *Target) ref() string {
	if t.name == "" {
		return t.owner
	}
	return t.owner + "/" + t.name
}

// Requests counts what the API was asked, the requests for an App's tokens
// left out.
func (t *Target) Requests() (requests, writes int) { return t.transport.Requests() }

// Close gives an App's token back. A plain token is not keyplumb's to revoke.
func (t *Target) Close(ctx context.Context) error {
	if t.app == nil {
		return nil
	}
	return t.app.revoke(ctx)
}

var (
	_ store.Target       = (*Target)(nil)
	_ store.LedgerKeeper = (*Target)(nil)
	_ store.Inspector    = (*Target)(nil)
	_ store.Capacity     = (*Target)(nil)
	_ store.Limited      = (*Target)(nil)
	_ store.Meter        = (*Target)(nil)
)
