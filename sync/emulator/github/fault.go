package github

import (
	"context"
	"net/http"
	"time"
)

// A Fault is something that goes wrong with requests that it is for.
type Fault struct {
	// When says which requests: n counts from 1, path is escaped and without
	// query. Nil: every request.
	When func(n int, method, path string) bool
	// Times is how often the fault happens at most; 0: always.
	Times int
	// Effect is what goes wrong.
	Effect Effect

	happened int
}

// Inject adds a fault. The first that is for a request happens, alone.
func (s *Server) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Nth holds for the n-th request.
func Nth(n int) func(int, string, string) bool {
	return func(at int, _, _ string) bool { return at == n }
}

// On holds for requests of a method to a path.
func On(method, path string) func(int, string, string) bool {
	return func(_ int, m, p string) bool { return m == method && p == path }
}

// fault finds the fault that is for the request, and counts it.
func (s *Server) fault(n int, r *http.Request) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Times > 0 && f.happened >= f.Times {
			continue
		}
		if f.When == nil || f.When(n, r.Method, r.URL.EscapedPath()) {
			f.happened++
			return f
		}
	}
	return nil
}

type faultKey struct{}

// NotifyFault returns a context for requests that has report called when a
// fault is injected into one. A validator that wraps the emulator uses it to
// tell answers that are wrong on purpose.
func NotifyFault(ctx context.Context, report func()) context.Context {
	return context.WithValue(ctx, faultKey{}, report)
}

// An Effect is what goes wrong: an answer in place of processing the request
// (before), or a change to its answer once it is processed (after).
type Effect struct {
	before func(r *http.Request, body []byte) *answer
	after  func(*answer)
}

// Slow delays the answer by d.
func Slow(d time.Duration) Effect {
	return Effect{after: func(a *answer) { a.delay = d }}
}

// Hang never answers: it processes nothing, and waits until the client leaves.
func Hang() Effect {
	return Effect{before: func(r *http.Request, _ []byte) *answer {
		<-r.Context().Done()
		return &answer{drop: true}
	}}
}

// DropBefore cuts the connection without processing the request.
func DropBefore() Effect {
	return Effect{before: func(*http.Request, []byte) *answer { return &answer{drop: true} }}
}

// DropAfter processes the request and cuts the connection without an answer.
func DropAfter() Effect {
	return Effect{after: func(a *answer) { a.drop = true }}
}
