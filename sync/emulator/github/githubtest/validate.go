package githubtest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// Validate wraps the emulator, and fails the test for every request to it and
// every answer from it that GitHub's description does not allow.
func Validate(t testing.TB, emulator http.Handler) http.Handler {
	t.Helper()
	described, err := describe()
	if err != nil {
		t.Fatal(err)
	}
	return &validator{t: t, described: described, next: emulator, moved: map[string]string{}}
}

type validator struct {
	t         testing.TB
	described *description
	next      http.Handler

	mu    sync.Mutex
	moved map[string]string // address that a redirect gave → documented path
}

func (v *validator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client left
	}
	faulted := false
	recorded := &recorder{ResponseWriter: w, status: http.StatusOK}
	passed := r.Clone(github.NotifyFault(r.Context(), func() { faulted = true }))
	passed.Body = io.NopCloser(bytes.NewReader(body))
	input, err := v.request(r, body)
	if err != nil {
		v.t.Errorf("request %s %s: %v", r.Method, r.URL.Path, err)
	}
	v.next.ServeHTTP(recorded, passed)
	if faulted || input == nil || r.Context().Err() != nil {
		return
	}
	if err := v.answer(input, recorded); err != nil {
		v.t.Errorf("answer %d to %s %s: %v", recorded.status, r.Method, r.URL.Path, err)
	}
}

// request checks a request. The input that it returns is what the answer is
// checked with; nil if the description has no such operation.
func (v *validator) request(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	documented, err := v.documented(r)
	if err != nil {
		return nil, err
	}
	documented.Body = io.NopCloser(bytes.NewReader(body))
	route, parameters, err := v.described.router.FindRoute(documented)
	if err != nil {
		return nil, err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: documented, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:                openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus:             true,
			RejectWhenRequestBodyNotSpecified: true,
			SkipSettingDefaults:               true,
		},
	}
	if err := knownQuery(input); err != nil {
		return input, err
	}
	return input, openapi3filter.ValidateRequest(documented.Context(), input)
}

// documented returns the request at the path that the description has: without
// /api/v3, and for an address that a redirect gave, before the redirect.
func (v *validator) documented(r *http.Request) (*http.Request, error) {
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, "/api/v3/"); ok {
		path = "/" + rest
	}
	v.mu.Lock()
	if before, ok := v.moved[path]; ok {
		path = before
	}
	v.mu.Unlock()
	clone := r.Clone(r.Context())
	to, err := url.Parse(path)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	to.RawQuery = r.URL.RawQuery
	clone.URL = to
	return clone, nil
}

// knownQuery refuses query parameters that the operation does not have.
func knownQuery(input *openapi3filter.RequestValidationInput) error {
	for name := range input.Request.URL.Query() {
		if input.Route.Operation.Parameters.GetByInAndName("query", name) == nil {
			return fmt.Errorf("the operation has no query parameter %q", name)
		}
	}
	return nil
}

// A recorder keeps a copy of what passes through it.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

// Unwrap lets http.ResponseController flush.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(chunk []byte) (int, error) {
	r.body.Write(chunk)
	return r.ResponseWriter.Write(chunk)
}
