package harness

import (
	"context"
	"net/http"
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
func (h *Harness) Inject(f Fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = append(h.faults, &f)
}

// ClearFaults ends all faults.
func (h *Harness) ClearFaults() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faults = nil
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
func (h *Harness) fault(n int, r *http.Request) *Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.faults {
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
// fault is injected into one. A validator that wraps an emulator uses it to
// tell answers that are wrong on purpose.
func NotifyFault(ctx context.Context, report func()) context.Context {
	return context.WithValue(ctx, faultKey{}, report)
}
