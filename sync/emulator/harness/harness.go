package harness

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// bodyLimit is the largest body that an emulator reads, in bytes.
const bodyLimit = 16 << 20

// A Harness runs an emulator. It is safe for concurrent use.
type Harness struct {
	clock   *Clock
	latency time.Duration
	prefix  string

	mu       sync.Mutex
	requests []Request
	faults   []*Fault
	after    func(n int, method, path string)
}

// New returns a harness that tells the time by the clock (nil: one of its own)
// and lets each request wait for the latency before it is processed. Paths
// below prefix ("/api/v4", or "") are logged, and processed, without it.
func New(clock *Clock, latency time.Duration, prefix string) *Harness {
	if clock == nil {
		clock = &Clock{}
	}
	return &Harness{clock: clock, latency: latency, prefix: prefix}
}

// Clock returns the clock that the emulator tells the time by.
func (h *Harness) Clock() *Clock { return h.clock }

// After has hook called after each request: when it has been processed and
// logged, and before its answer goes out. n counts requests from 1. A test of
// crashes ends the client there; the hook may call the emulator's methods.
func (h *Harness) After(hook func(n int, method, path string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.after = hook
}

// An Exchange is a request, read whole, and its answer in the making.
type Exchange struct {
	*Answer
	Request *http.Request // its path below the prefix
	Body    []byte
	Base    string // the URL that the path is below, as the client calls it
}

// Serve answers one request by process, unless a fault answers in its place.
func (h *Harness) Serve(w http.ResponseWriter, r *http.Request, process func(*Exchange)) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	x := &Exchange{Answer: newAnswer(), Request: r, Body: body, Base: baseURL(r)}
	if rest, ok := strings.CutPrefix(r.URL.EscapedPath(), h.prefix+"/"); ok {
		x.Base += h.prefix
		Repath(r, "/"+rest)
	}
	path := r.URL.EscapedPath()
	n := h.admit(r.Method, path, r.URL.RawQuery)
	if !pause(r, h.latency) {
		return
	}
	h.answer(n, x, process)
	h.finish(n, r.Method, path, x.Answer)
	deliver(w, r, x.Answer)
}

// answer processes the request, or lets its fault happen.
func (h *Harness) answer(n int, x *Exchange, process func(*Exchange)) {
	fault := h.fault(n, x.Request)
	if fault == nil {
		process(x)
		return
	}
	if report, ok := x.Request.Context().Value(faultKey{}).(func()); ok {
		report()
	}
	if fault.Effect.before != nil {
		fault.Effect.before(x.Answer, x.Request, x.Body)
		return
	}
	process(x)
	fault.Effect.after(x.Answer)
}

// Repath gives the request another path, in its escaped form.
func Repath(r *http.Request, escaped string) {
	changed := *r.URL
	changed.RawPath = escaped
	if plain, err := url.PathUnescape(escaped); err == nil {
		changed.Path = plain
	}
	r.URL = &changed
}

func baseURL(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
