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
func (s *Source) enter(ctx context.Context) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil && !s.session.ended() {
		return s.session, s.session.failed
	}
	got, err := s.login(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		got = &session{failed: err}
	}
	s.session = got
	return got, err
}

func (s *session) ended() bool {
	return s.failed == nil && !s.expires.IsZero() && time.Until(s.expires) < soon
}

// login is one where the cluster has one; else the token is what it is.
func (s *Source) login(ctx context.Context) (*session, error) {
	got := &session{token: s.cluster.token}
	if s.cluster.login != nil {
		var err error
		if got, err = s.cluster.login(ctx); err != nil {
			return nil, err
		}
	}
	if !isHeader(got.token) {
		return nil, &store.Error{Op: "log in", Ref: s.host, Kind: store.ErrUnauthentic,
			Detail: "the token holds characters that no token has", Hint: "give the token and nothing else"}
	}
	return got, nil
}

// renewable tells whether another login may help where a session was refused:
// it was good before, and so has run out. Then it is forgotten.
func (s *Source) renewable(refused *session) bool {
	if s.cluster.login == nil || !refused.good.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == refused {
		s.session = nil
	}
	return true
}

// isHeader tells whether a value can stand in a header (RFC 9110 §5.5).
func isHeader(v secret.Value) bool {
	return !slices.ContainsFunc(v.Reveal(), func(b byte) bool { return b <= ' ' || b >= 0x7f })
}
