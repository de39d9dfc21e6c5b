package github

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// bodyLimit is the largest body that the emulator reads, in bytes.
const bodyLimit = 16 << 20

// An answer is what a request gets, whole before any of it is sent.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
	drop   bool          // cut the connection without an answer
	cut    int           // if above 0, cut the connection after this many bytes of the body
	delay  time.Duration // wait before answering
}

func newAnswer() *answer { return &answer{status: http.StatusOK, header: http.Header{}} }

// Header, WriteHeader and Write let routes write to an answer.
func (a *answer) Header() http.Header             { return a.header }
func (a *answer) WriteHeader(status int)          { a.status = status }
func (a *answer) Write(chunk []byte) (int, error) { return a.body.Write(chunk) }

// ServeHTTP answers one request. Below /api/v3 it is the same API, as on
// GitHub Enterprise Server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	base := baseURL(r)
	if rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v3/"); ok {
		base += "/api/v3"
		repath(r, "/"+rest)
	}
	path := r.URL.EscapedPath()
	n := s.admit(r.Method, path, r.URL.RawQuery)
	if !pause(r, s.latency) {
		return
	}
	a := s.answer(n, base, body, r)
	s.finish(n, r.Method, path, a)
	deliver(w, r, a)
}

// answer processes the request, unless a fault answers in its place.
func (s *Server) answer(n int, base string, body []byte, r *http.Request) *answer {
	fault := s.fault(n, r)
	if fault == nil {
		return s.process(base, body, r)
	}
	if report, ok := r.Context().Value(faultKey{}).(func()); ok {
		report()
	}
	if fault.Effect.before != nil {
		return fault.Effect.before(r, body)
	}
	a := s.process(base, body, r)
	fault.Effect.after(a)
	return a
}

// process runs the request's route against the state.
func (s *Server) process(base string, body []byte, r *http.Request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := newAnswer()
	c := &call{server: s, request: r, body: body, header: a.header, base: base, now: s.clock.Now().Truncate(time.Second)}
	a.header.Set("Date", c.now.Format(http.TimeFormat))
	a.header.Set("X-GitHub-Request-Id", requestID())
	a.header.Set("X-GitHub-Media-Type", "github.v3; format=json")
	s.unalias(r)
	s.routes.ServeHTTP(a, r.WithContext(withCall(r.Context(), c)))
	return a
}

// unalias turns /repositories/{id}/…, the address that redirects lead to, into
// the path that the repository has now.
func (s *Server) unalias(r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/repositories/")
	if !ok {
		return
	}
	number, below, deeper := strings.Cut(rest, "/")
	id, err := strconv.ParseInt(number, 10, 64)
	repo := s.repositories[id]
	if err != nil || repo == nil {
		return
	}
	path := "/repos/" + repo.fullName()
	if deeper {
		path += "/" + below
	}
	repath(r, path)
}

// repath gives the request another path, in its escaped form.
func repath(r *http.Request, escaped string) {
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

// deliver sends the answer, or what is left of it.
func deliver(w http.ResponseWriter, r *http.Request, a *answer) {
	if !pause(r, a.delay) {
		return
	}
	if a.drop {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", fmt.Sprint(a.body.Len()))
	}
	w.WriteHeader(a.status)
	if a.cut > 0 {
		cutShort(w, a)
	}
	_, _ = w.Write(a.body.Bytes()) // who hung up needs no answer
}

// cutShort sends a part of the answer's body and cuts the connection. What is
// not flushed would go down with the connection, status and all; an answer
// without a body has no part to send, and is lost whole.
func cutShort(w http.ResponseWriter, a *answer) {
	if a.body.Len() > 0 {
		_, _ = w.Write(a.body.Bytes()[:min(a.cut, a.body.Len())])
		_ = http.NewResponseController(w).Flush() // who hung up needs no answer
	}
	panic(http.ErrAbortHandler)
}

// pause waits for d, and reports whether the client is still there.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}
