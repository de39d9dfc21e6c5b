// Package vault reads the key-value secrets of HashiCorp Vault and of OpenBao,
// which has the same API.
//
// The calls go through Vault's own client, which is told everything: its
// retries, redirects, limits and lookups of SRV records are off, since the
// transport below has what is wanted of them, and whatever it took from the
// process's environment is thrown away again. Its address, token, namespace and
// headers are what [Options] say. See call.go; nothing of it is seen outside.
//
// A source logs in once, when the first secret is read, and with that
// environment's role alone. A token that was borrowed that way is revoked by
// [Source.Close]; one that the user gave is the user's.
//
// What Vault does not say is kept in mind here:
//
//   - Version 1 and 2 of the engine have different paths. Which one a mount is
//     is asked of sys/internal/ui/mounts, which answers any token that may see
//     something below the mount, and needs no policy of its own.
//   - A version that was deleted or destroyed is a 404 with metadata in it, a
//     secret that never was a 404 without.
//   - "Permission denied" is said of paths that are not there, too, and of
//     tokens that are not valid any more.
//   - A standby that does not forward sends the client to another host. The
//     token would go there: it is not followed.
package vault

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Options configure a source for one environment.
type Options struct {
	Address       string // https://host:8200, and a path where the vault lies below one
	Namespace     string // of Vault Enterprise, HCP and OpenBao; "" is the root
	NamespaceFrom string // the variable that it is from, which may hold anything, and is then not shown; "" where the policy names it
	Mount         string // of the engine; "" where the paths begin with it
	KV            int    // the engine's version, 1 or 2; 0 is found out, with one request
	Auth          Auth

	UserAgent string
	TLS       *tls.Config       // a vault's own roots
	Limiter   *rest.Limiter     // shared by the sources of one vault; nil: one of its own
	Notify    func(rest.Wait)   // told of each pause
	Next      http.RoundTripper // what sends the requests; nil: a connection pool
}

// maxBody is the longest answer: a secret is 1 MiB at most, unless an
// administrator has raised max_request_size.
const maxBody = 32 << 20

// parallel is the number of secrets that are read at once.
const parallel = 8

// A Source reads secrets. Its methods may be called from several goroutines.
type Source struct {
	options   Options
	transport *rest.Transport
	client    *api.Client
	host      string

	mu      sync.Mutex // guards what was found out, and is held while it is found out
	session session
	engines []engine

	silent atomic.Pointer[store.Error] // the first request that was not answered
}

// New opens a source without a request. The errors are store.ErrInvalid, and
// store.ErrUnauthentic where there is nothing to log in with.
func New(o Options) (*Source, error) {
	s := &Source{options: o}
	s.options.Mount = strings.Trim(o.Mount, "/")
	s.options.Auth.Mount = cmp.Or(strings.Trim(o.Auth.Mount, "/"), o.Auth.Method)
	s.options.Auth.Audience = cmp.Or(o.Auth.Audience, strings.TrimRight(o.Address, "/"))
	for what, path := range map[string]string{"mount": s.options.Mount, "auth.mount": s.options.Auth.Mount, "namespace": strings.Trim(o.Namespace, "/")} {
		if path != "" && !isPath(path) {
			return nil, s.invalid(what + " is no path of a vault")
		}
	}
	switch {
	case o.KV < 0 || o.KV > 2:
		return nil, s.invalid("the key-value engine has versions 1 and 2")
	case o.KV != 0 && s.options.Mount == "":
		return nil, s.invalid("the engine's version is given, but not its mount")
	case o.KV != 0 && isInner(s.options.Mount):
		return nil, s.invalid("with kv, mount names what may be the vault's own; leave out kv, and keyplumb asks what is mounted there")
	}
	if err := s.checkAuth(); err != nil {
		return nil, err
	}
	var err error
	s.transport, err = rest.New(rest.Options{
		Base: o.Address, UserAgent: o.UserAgent, TLS: o.TLS, Limiter: o.Limiter, Notify: o.Notify, Next: o.Next, MaxBody: maxBody, Pause: time.Second,
	})
	if e, ok := errors.AsType[*store.Error](err); ok {
		e.Hint = cmp.Or(e.Hint, lookAt)
	}
	if err != nil {
		return nil, err
	}
	s.client, s.host, err = newClient(o.Address, o.Namespace, s.transport)
	return s, err
}

// lookAt is where the settings of a source come from.
const lookAt = "look at the source in the policy, and at VAULT_ADDR and VAULT_NAMESPACE"

func (s *Source) invalid(detail string) error {
	return &store.Error{Op: "open", Ref: "vault source", Kind: store.ErrInvalid, Detail: detail, Hint: lookAt}
}

// isPath tells a path that means one thing to every server and proxy on the
// way: the client cleans paths, so that a ".." would lead to another secret.
func isPath(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if strings.Trim(segment, ".") == "" {
			return false
		}
	}
	return strings.IndexFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

// isInner tells a path of what every vault is at work with itself, in whatever
// namespace, and where no engine can be mounted. A policy could have the token
// that it is read with carried from there to where its author reads it. What is
// not pinned is asked for, and must be a key-value engine.
func isInner(mount string) bool {
	return slices.ContainsFunc(strings.Split(mount, "/"), func(segment string) bool {
		return slices.Contains([]string{"audit", "auth", "cubbyhole", "identity", "sys"}, segment)
	})
}

// Read gives the field of each reference: a key of the secret, or a path of
// keys joined by dots, the exact key first; field "" is the whole secret as
// JSON, its keys sorted. A value that is no string is given as JSON; null is
// empty. Each secret is read once.
//
// The errors are ErrNotFound, for deleted and destroyed versions, too;
// ErrNoField; ErrDenied; ErrUnauthentic; ErrInvalid for a reference that no
// vault, or no engine of version 1, can answer; ErrThrottled; ErrMoved; and
// ErrUnavailable, for a sealed vault, too.
func (s *Source) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	r := &reader{Source: s, latest: map[string]func() (edition, error){}}
	return store.ReadAtOnce(ctx, parallel, refs, func(path, version string) (store.Lookup, error) {
		return r.open(ctx, path, version)
	})
}

// Requests counts what the vault was asked, and those of the requests that
// change something: logins, and their ends.
func (s *Source) Requests() (requests, writes int) { return s.transport.Requests() }
