package gcp

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// hosts sends the requests of a login: each by a transport that is bound to its
// host, once that host has been allowed.
type hosts struct {
	allow   func(address string) error
	options rest.Options // of each transport, its Base left out

	mu   sync.Mutex
	open map[string]*rest.Transport // by scheme and host
}

// RoundTrip implements [http.RoundTripper].
func (h *hosts) RoundTrip(req *http.Request) (*http.Response, error) {
	transport, err := h.transport(req.URL.Scheme + "://" + strings.ToLower(req.URL.Host))
	if err != nil {
		return nil, err
	}
	return transport.RoundTrip(req)
}

func (h *hosts) transport(address string) (*rest.Transport, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.open[address]; t != nil {
		return t, nil
	}
	if err := h.allow(address); err != nil {
		return nil, err
	}
	o := h.options
	o.Base = address
	t, err := rest.New(o)
	if err != nil {
		return nil, err
	}
	h.open[address] = t
	return t, nil
}

// newHosts gives a client for logins.
func (s *Source) newHosts(allow func(string) error) *http.Client {
	h := &hosts{allow: allow, open: map[string]*rest.Transport{}, options: rest.Options{
		UserAgent: s.options.UserAgent, Notify: s.options.Notify, MaxBody: maxToken, Pause: pause, Queries: true, Next: s.options.Next,
	}}
	return &http.Client{Transport: refusing{h}}
}

// maxToken is the longest answer with a token in it, in bytes.
const maxToken = 64 << 10

// public are Google's own token services, and hosts of nothing else: at
// www.googleapis.com, which gave tokens once, anybody can be sent a file.
func public() []string {
	return []string{STS, IAMCredentials, "https://oauth2.googleapis.com", "https://accounts.google.com"}
}

// only allows some addresses and no others.
func only(addresses ...string) func(string) error {
	return func(address string) error {
		if slices.ContainsFunc(addresses, func(known string) bool { return strings.EqualFold(known, address) }) {
			return nil
		}
		return &store.Error{Op: "log in", Ref: address, Kind: store.ErrDenied, Detail: "keyplumb refuses to send this credential to another host",
			Hint: "it is for Google's own token services"}
	}
}
