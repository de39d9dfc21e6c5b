package kubernetes

import (
	"context"
	"crypto/tls"
	"slices"
	"sync/atomic"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A session is what a login brought: a token, a certificate, or both.
type session struct {
	token       secret.Value
	certificate *tls.Certificate
	expires     time.Time // zero where it is not said
	failed      error
	good        atomic.Bool // the cluster has taken it
}

// soon is how long a credential has to be good for to be used.
const soon = 10 * time.Second

// enter gives what to show the cluster. What failed once is not tried again:
// each secret would make the same mistake.
func (c *Cluster) enter(ctx context.Context) (*session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil && !c.session.ended() {
		return c.session, c.session.failed
	}
	got, err := c.open(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		got = &session{failed: err}
	}
	c.session = got
	return got, err
}

func (s *session) ended() bool {
	return s.failed == nil && !s.expires.IsZero() && time.Until(s.expires) < soon
}

// open logs in where there is a login to be made; else the token is what it is.
func (c *Cluster) open(ctx context.Context) (*session, error) {
	got := &session{token: c.token}
	if c.login != nil {
		var err error
		if got, err = c.login(ctx); err != nil {
			return nil, err
		}
	}
	if !isHeader(got.token) {
		return nil, &store.Error{Op: "log in", Ref: c.Address, Kind: store.ErrUnauthentic,
			Detail: "the token holds characters that no token has", Hint: "give the token and nothing else"}
	}
	return got, nil
}

// renewable tells whether another login may help where a session was refused:
// it was good before, and so has run out. Then it is forgotten.
func (c *Cluster) renewable(refused *session) bool {
	if c.login == nil || !refused.good.Load() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == refused {
		c.session = nil
	}
	return true
}

// trust is the cluster's TLS, with the certificate that a plugin gives.
func (c *Cluster) trust() *tls.Config {
	if c.login == nil {
		return c.tls
	}
	config := c.tls.Clone()
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.session == nil || c.session.certificate == nil {
			return &tls.Certificate{}, nil
		}
		return c.session.certificate, nil
	}
	return config
}

// isHeader tells whether a value can stand in a header (RFC 9110 §5.5).
func isHeader(v secret.Value) bool {
	return !slices.ContainsFunc(v.Reveal(), func(b byte) bool { return b <= ' ' || b >= 0x7f })
}
