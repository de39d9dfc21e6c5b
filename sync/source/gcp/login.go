package gcp

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"cloud.google.com/go/auth"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// The ways to log in.
const (
	Default = "default" // a credentials file, or the machine's own identity
	OIDC    = "oidc"    // Workload Identity Federation, by the job's own token
)

// The public token services, and the machine's metadata server.
// https://cloud.google.com/iam/docs/reference/sts/rest,
// https://cloud.google.com/iam/docs/reference/credentials/rest,
// https://cloud.google.com/compute/docs/metadata/querying-metadata
const (
	STS            = "https://sts.googleapis.com"
	IAMCredentials = "https://iamcredentials.googleapis.com" //nolint:gosec // an address
	Metadata       = "http://169.254.169.254"
)

// Auth says how to log in.
type Auth struct {
	Method string // one of the above

	// For OIDC.
	Provider       string // projects/N/locations/global/workloadIdentityPools/P/providers/V
	ServiceAccount string // whom to become: its email; "" is nobody else
	Audience       string // of the job's token; "" is the provider's own default
	STS            string // the token service's address; "" is Google's
	IAMCredentials string // where to become a service account; "" is Google's
	// Identity gives the token by which the job proves who it is, made for the
	// audience.
	Identity func(ctx context.Context, audience string) (secret.Value, error)

	// For Default.
	File     secret.Value // what is in the credentials file; empty where there is none
	Metadata string       // the metadata server's address; "" is Google's
	// Allow tells whether a login may ask at an address (scheme and host) that
	// the credentials file names, and that is none of Google's own token
	// services; nil: at none. Its errors are of package store.
	Allow func(address string) error

	QuotaProject string // who pays for the requests; "" is what the credentials file says
}

// scope is what every login asks for: what it may is for IAM to say.
const scope = "https://www.googleapis.com/auth/cloud-platform"

var (
	provider       = regexp.MustCompile(`^projects/[0-9]{1,20}/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}/providers/[a-z0-9-]{4,32}$`)
	serviceAccount = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,62}@[a-z0-9.-]{1,100}\.gserviceaccount\.com$`)
)

// A login gives the access token, one for all requests of a source.
type login struct {
	provider auth.TokenProvider
	explain  func(error) error
	quota    string // the quota project

	mu     sync.Mutex
	token  *auth.Token
	failed error
}

func (s *Source) newLogin() (*login, error) {
	switch s.options.Auth.Method {
	case OIDC:
		return s.federated()
	case Default:
		if !s.options.Auth.File.IsEmpty() {
			return s.fromFile()
		}
		return s.fromMetadata()
	}
	return nil, invalid("this way to log in is not known", "there are default and oidc")
}

// retry is what to do about a login that got no answer, or an odd one.
const retry = "see whether Google's token services, or those that stand in for them, answer from here with a certificate that is trusted, and run keyplumb again"

// renewal is how long before its end a token is not used any more.
const renewal = 30 * time.Second

// access gives the access token. What failed once is not tried again: each
// secret would make the same mistake.
func (l *login) access(ctx context.Context) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return "", l.failed
	}
	if l.token != nil && (l.token.Expiry.IsZero() || time.Until(l.token.Expiry) > renewal) {
		return l.token.Value, nil
	}
	token, err := l.provider.Token(ctx)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		l.failed = l.explain(err)
		return "", l.failed
	case !isHeader(token.Value):
		l.failed = &store.Error{Op: "log in", Kind: store.ErrUnavailable, Detail: "the answer could not be read", Hint: retry}
		return "", l.failed
	}
	l.token = token
	return token.Value, nil
}

// isHeader tells whether a token can stand in a header (RFC 9110 §5.5).
func isHeader(token string) bool {
	return token != "" && !slices.ContainsFunc([]byte(token), func(b byte) bool { return b <= ' ' || b >= 0x7f })
}

// authorized adds the access token to each request.
type authorized struct {
	next  http.RoundTripper
	login *login
}

func (a authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := a.login.access(req.Context())
	if err != nil {
		return nil, &barred{err}
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	if a.login.quota != "" {
		req.Header.Set("X-Goog-User-Project", a.login.quota)
	}
	resp, err := a.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	return nil, &barred{a.login.fail(&store.Error{Op: "use the access token", Ref: req.URL.Host, Kind: store.ErrUnauthentic, Status: resp.StatusCode,
		Detail: "Google does not take it, or it has run out", Hint: "run keyplumb again: it logs in anew; by hand, gcloud auth application-default login"})}
}

// fail ends a login: what one request was refused for, all would be.
func (l *login) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = err
	return err
}

// barred is the error of a login, or of a job that could not prove who it is: to
// be told as it is, whatever was to be done with it.
type barred struct{ err error }

func (b *barred) Error() string { return b.err.Error() }
func (b *barred) Unwrap() error { return b.err }
