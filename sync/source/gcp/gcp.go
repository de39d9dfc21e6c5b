// Package gcp reads the secrets of Google's Secret Manager.
//
// The calls go through Google's own client for HTTP and JSON, and the logins
// through Google's own package for credentials; both are given a transport of
// keyplumb's and nothing else to send with. Their repetitions are off, and so is
// their log, which a variable of the process's environment would turn on: it
// shows whole answers. An answer that is no success never reaches them, since
// their errors quote it (refusal.go).
//
// Whoever writes a policy, a variable or a credentials file can name an address.
// Each host that a login asks has a transport of its own, bound to that host,
// and is asked only where [Auth.Allow] lets it be (hosts.go). Of the credentials
// that run a program or open a connection of their own none is used (file.go).
//
// What Google's pages say in passing is kept in mind here:
//
//   - "latest" is the version that was made last, disabled or not.
//   - The answer with a value names the version and has a checksum, but does not
//     say when the version was made. That is asked apart, and needs a right that
//     reading does not: after the first denial it is not asked again.
//   - A secret that is not there is a 403 to whoever may not see that it is not.
//     A 404 is Google's word on a secret only where it says so: what is optional
//     and missing is given up.
//   - A regional secret has another name, and another host, than a global one.
//   - A version that is disabled or destroyed is a 400, told apart by words.
package gcp

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	secretmanager "cloud.google.com/go/secretmanager/apiv1"
	"google.golang.org/api/option"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Options configure a source for one environment.
type Options struct {
	Address  string // of the API; "" is Google's own, see [Endpoint]
	Project  string // of the paths that name none: its id or its number
	Location string // of regional secrets, such as europe-west4; "" is for global ones
	Auth     Auth

	UserAgent string
	Limiter   *rest.Limiter     // shared by the sources of one account; nil: one of its own
	Notify    func(rest.Wait)   // told of each pause
	Next      http.RoundTripper // what sends the requests; nil: a connection pool
}

// maxBody is the longest answer, in bytes: a secret is 64 KiB at most, in
// base64, and a page of 100 versions is about as much.
// https://cloud.google.com/secret-manager/quotas
const maxBody = 1 << 20

// parallel is how many secrets are read at once.
const parallel = 8

// pause is the first wait where Google wants fewer requests and does not say
// for how long. https://cloud.google.com/secret-manager/docs/best-practices
const pause = time.Second

// A Source is a project's secrets, or a location's of it. It is safe for use by
// several goroutines.
type Source struct {
	options   Options
	client    *secretmanager.Client
	transport *rest.Transport
	login     *login
	versions  permission // to look at versions
	secrets   permission // to look at secrets
}

// location is a part of a host's name: it has no dot.
var location = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// Endpoint gives the public address of the API: of regional secrets where a
// location is given. The error is store.ErrInvalid.
// https://cloud.google.com/secret-manager/docs/locations
func Endpoint(where string) (string, error) {
	switch {
	case where == "":
		return "https://secretmanager.googleapis.com", nil
	case len(where) > 40 || !location.MatchString(where):
		return "", invalid("the location is none of Google's", "write it like europe-west4, or leave it out for secrets that are not regional")
	}
	return "https://secretmanager." + where + ".rep.googleapis.com", nil
}

// New makes a source; nothing is asked before the first read. The errors are
// store.ErrInvalid and store.ErrUnauthentic.
func New(o Options) (*Source, error) {
	public, err := Endpoint(o.Location)
	if err != nil {
		return nil, err
	}
	if o.Project != "" && !project.MatchString(o.Project) {
		return nil, invalid("the project is no id and no number", "gcloud projects list shows the ids")
	}
	if o.Auth.QuotaProject != "" && !project.MatchString(o.Auth.QuotaProject) {
		return nil, invalid("the quota project is no id and no number", "correct GOOGLE_CLOUD_QUOTA_PROJECT, or unset it")
	}
	s := &Source{options: o}
	s.options.Address = strings.TrimRight(cmp.Or(o.Address, public), "/")
	if s.login, err = s.newLogin(); err != nil {
		return nil, err
	}
	s.transport, err = rest.New(rest.Options{
		Base: s.options.Address, UserAgent: o.UserAgent, Limiter: o.Limiter, Notify: o.Notify,
		MaxBody: maxBody, Pause: pause, Queries: true, Next: o.Next,
	})
	if err != nil {
		return nil, hinted(err, "look at address in the policy, and at CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER")
	}
	// Of the context it takes values alone, and there are none.
	s.client, err = secretmanager.NewRESTClient(context.Background(),
		option.WithEndpoint(s.options.Address), option.WithLogger(slog.New(slog.DiscardHandler)),
		option.WithHTTPClient(&http.Client{Transport: refusing{authorized{&silence{next: s.transport}, s.login}}}))
	if err != nil {
		return nil, invalid("Google's own client cannot make sense of the environment's GOOGLE_API_… variables", "unset them: keyplumb uses none of them")
	}
	*s.client.CallOptions = secretmanager.CallOptions{} // neither times nor repetitions: they are the transport's
	return s, nil
}

// hinted says what to do about an error that does not.
func hinted(err error, hint string) error {
	if e, ok := errors.AsType[*store.Error](err); ok {
		e.Hint = cmp.Or(e.Hint, hint)
	}
	return err
}

func invalid(detail, hint string) error {
	return &store.Error{Op: "open", Ref: "gcp source", Kind: store.ErrInvalid, Detail: detail, Hint: hint}
}

// Read implements [store.Source]. A version that was destroyed is
// store.ErrNotFound, one that is disabled store.ErrDenied.
func (s *Source) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	return store.ReadAtOnce(ctx, parallel, refs, func(path, version string) (store.Lookup, error) {
		return s.open(ctx, path, version)
	})
}

// Requests counts what the API was asked, logins left out; none of it changes
// anything.
func (s *Source) Requests() (requests, writes int) { return s.transport.Requests() }
