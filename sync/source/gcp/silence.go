package gcp

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A silence ends the asking where nobody answers: after a request that has had
// no whole answer for long, with all its tries, no other is sent. Each secret
// would wait as long.
type silence struct {
	next http.RoundTripper
	last atomic.Pointer[store.Error]
}

// long is how long a request takes that is not worth a second of its kind.
const long = 15 * time.Second

func (s *silence) RoundTrip(req *http.Request) (*http.Response, error) {
	if last := s.last.Load(); last != nil {
		again := *last // what it is about is added to it
		return nil, &again
	}
	begun := time.Now()
	resp, err := s.next.RoundTrip(req)
	if e, ok := errors.AsType[*store.Error](err); ok && errors.Is(e, store.ErrUnavailable) && time.Since(begun) > long {
		last := *e
		s.last.Store(&last)
	}
	return resp, err
}
