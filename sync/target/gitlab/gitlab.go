// Package gitlab writes CI/CD variables to GitLab: those of a project, of a
// group, or of the whole instance.
//
// The calls go through go-gitlab's NewRequest and Do, with paths of the REST
// documentation; one code path serves the three levels. Its own methods for
// groups do not send the filter that chooses among scopes, and create a readable
// variable where a hidden one is asked for; its structures cannot tell a null
// from an empty value. Its retries and its limiter are off: the transport below
// has them. The module is no longer developed: what is left of it to replace is
// in call.go, and how it escapes a path and names a filter and a page.
//
// What GitLab does not say is kept in mind here:
//
//   - A variable is one by its key and its environment scope, both with case.
//     Every request names the scope, by filter[environment_scope].
//   - A group's PUT whose filter selects nothing changes another variable of
//     the key. It is looked at before each.
//   - GitLab ignores what it does not know, or does not sell: the scope of a
//     group's variable, a description, masked_and_hidden. Each answer to a write
//     is held against what was sent.
//   - A POST may arrive although its answer does not. It is settled by reading.
//   - What is hidden is never shown nor made visible again, and what is visible
//     is never made hidden: only a delete would, which is not done here.
//   - There are no times. What a run needs to remember lies in the description,
//     beside what somebody else wrote there.
package gitlab

import (
	"cmp"
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

// Options say which target is meant and how to get in. One of Project, Group
// and Instance is given.
type Options struct {
	URL      string // of the server or of its API; "" is [DefaultURL]
	Project  string // full path: group/name, group/subgroup/name
	Group    string // full path
	Instance bool

	Token    secret.Value // an access token, personal, of the project or of the group; or an OAuth token
	JobToken secret.Value // the running job's CI_JOB_TOKEN, so that it is told apart; may be empty
	ReadOnly bool         // nothing will be written: Put and Delete are refused, and hints ask for no more than that takes

	UserAgent string
	TLS       *tls.Config       // a server's own roots
	Limiter   *rest.Limiter     // shared by the targets of one account; nil: one of its own
	Notify    func(rest.Wait)   // told of each pause
	Next      http.RoundTripper // what sends the requests; nil: a connection pool
}

// NewLimiter makes a limiter without a pace. GitLab.com allows 2,000 requests a
// minute, a server of one's own what its settings say; either asks when it is
// too much.
// https://docs.gitlab.com/user/gitlab_com/#rate-limits-on-gitlabcom
func NewLimiter() *rest.Limiter { return rest.NewLimiter(rest.Pace{}) }

// maxBody is the longest answer: a page of 100 variables, each a file of the
// longest that keyplumb writes, with some room for what JSON escapes.
const maxBody = 192 << 20

// A Target is the variables of one project, one group or one instance.
type Target struct {
	options   Options
	level     *level
	path      string     // of the project or group; "" for the instance
	host      string     // of the server, with what its path begins with; as identities name it
	client    *gl.Client //nolint:staticcheck // see newClient
	transport *rest.Transport

	identityMu sync.Mutex
	identity   string

	memory   memory
	listings listings
	filters  filters
}

// New opens a target without a request. The errors are store.ErrInvalid,
// store.ErrUnauthentic where there is no token, and store.ErrDenied where it is
// one that GitLab does not take for this.
func New(o Options) (*Target, error) {
	t := &Target{options: o}
	if err := t.setPlace(); err != nil {
		return nil, err
	}
	base, err := t.setHost()
	if err != nil {
		return nil, err
	}
	if err := t.checkToken(); err != nil {
		return nil, err
	}
	t.transport, err = rest.New(rest.Options{
		Base: base, UserAgent: o.UserAgent, TLS: o.TLS, Limiter: cmp.Or(o.Limiter, NewLimiter()), Notify: o.Notify,
		Next: o.Next, MaxBody: maxBody,
	})
	if err != nil {
		return nil, err
	}
	t.client, err = newClient(base, o.UserAgent, &authorized{token: o.Token, next: t.transport})
	if err != nil {
		return nil, t.invalid("the address cannot be used")
	}
	t.listings.fetch = t.fetch
	return t, nil
}

// setPlace reads which of the three levels is meant.
func (t *Target) setPlace() error {
	o := t.options
	switch {
	case o.Instance && o.Project == "" && o.Group == "":
		t.level = &instanceLevel
		return nil
	case o.Instance, o.Project != "" && o.Group != "":
		return t.invalid("one of project, group and instance is wanted")
	case o.Project != "":
		t.level, t.path = &projectLevel, o.Project
	default:
		t.level, t.path = &groupLevel, o.Group
	}
	segments := strings.Split(t.path, "/")
	isNumber := len(segments) == 1 && strings.Trim(t.path, "0123456789") == ""
	for _, segment := range segments {
		if !pathSegment.MatchString(segment) || strings.Trim(segment, ".") == "" {
			return t.invalid("a " + t.level.name + " is named by its full path")
		}
	}
	if isNumber || t.level == &projectLevel && len(segments) < 2 {
		return t.invalid("a " + t.level.name + " is named by its full path")
	}
	return nil
}

// setHost gives the API's address, and names the server for identities.
func (t *Target) setHost() (string, error) {
	base := APIURL(t.options.URL)
	u, err := url.Parse(base)
	if err != nil || u.RawQuery != "" || u.Fragment != "" || u.RawPath != "" {
		return "", t.invalid("the address is that of a server or of its API, with nothing after it")
	}
	t.host = u.Host + strings.TrimSuffix(u.Path, apiPath)
	return base, nil
}

func (t *Target) invalid(detail string) error {
	return &store.Error{Op: "open", Ref: "gitlab target", Kind: store.ErrInvalid, Detail: detail}
}

// jobTokenPrefix begins each CI_JOB_TOKEN, unless an administrator has put
// something before it.
// https://docs.gitlab.com/security/tokens/#token-prefixes
const jobTokenPrefix = "glcbt-"

// checkToken refuses what GitLab would refuse, and says what to use instead.
func (t *Target) checkToken() error {
	token := trimmed(t.options.Token)
	refusal := &store.Error{Op: "open", Ref: t.ref(), Hint: "set GITLAB_TOKEN to " + t.level.token}
	switch {
	case token.IsEmpty():
		refusal.Kind, refusal.Detail = store.ErrUnauthentic, "there is no token"
	case strings.HasPrefix(string(token.Reveal()), jobTokenPrefix), token.Equal(trimmed(t.options.JobToken)):
		refusal.Kind, refusal.Detail = store.ErrDenied, "it is the job's own CI_JOB_TOKEN, which GitLab does not take for variables"
	default:
		return nil
	}
	return refusal
}

func trimmed(v secret.Value) secret.Value {
	return secret.New([]byte(strings.TrimSpace(string(v.Reveal()))))
}

// Canonical is the name itself: GitLab compares with case.
func (t *Target) Canonical(name string) string { return name }

// Kinds has one: all of a job's variables are in one namespace, and of one kind
// in GitLab.
func (t *Target) Kinds() []store.Kind { return []store.Kind{store.Secret} }

// Capacity gives GitLab's limits for all scopes together; an administrator can
// change them.
// https://docs.gitlab.com/administration/instance_limits/#limit-the-number-of-cicd-variables
func (t *Target) Capacity(store.Scope, store.Kind) int { return t.level.capacity }

// Prepare has nothing to do: a variable's environment scope need not name an
// environment that is there.
func (t *Target) Prepare(_ context.Context, scope store.Scope, _ ...store.Placement) error {
	_, err := t.resolve(scope)
	return err
}

// Requests counts what the API was asked.
func (t *Target) Requests() (requests, writes int) { return t.transport.Requests() }

var (
	_ store.Target    = (*Target)(nil)
	_ store.Noter     = (*Target)(nil)
	_ store.Completer = (*Target)(nil)
	_ store.Capacity  = (*Target)(nil)
	_ store.Limited   = (*Target)(nil)
	_ store.Meter     = (*Target)(nil)
)
