package gitlab_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

// script answers one request after another, without a network.
type script struct {
	replies []reply // the last one repeats
	asked   []string
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, req.Method)
	next := s.replies[0]
	if len(s.replies) > 1 {
		s.replies = s.replies[1:]
	}
	resp := &http.Response{StatusCode: next.status, Header: http.Header{}, Request: req, Body: io.NopCloser(bytes.NewReader([]byte(next.body)))}
	for name, text := range next.header {
		resp.Header.Set(name, text)
	}
	return resp, nil
}

const made = `{"key":"NAME","value":"value","environment_scope":"prod","raw":true,"masked":false}`

// TestThrottled: what GitLab asks for is waited, a POST included, and told. The
// client's own retries would not have obeyed Retry-After.
func TestThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &script{replies: []reply{
			{status: 429, body: "Retry later\n", header: map[string]string{"Retry-After": "42", "RateLimit-Limit": "600", "RateLimit-Remaining": "0"}},
			{status: 201, body: made},
		}}
		var told []rest.Wait
		target := openAt(t, "", gitlab.Options{Next: next, Notify: func(w rest.Wait) { told = append(told, w) }})
		start := time.Now()
		mustPut(t, target, placement(prod, "NAME", "value", nil))
		if waited := time.Since(start); waited != 42*time.Second || len(told) != 1 || len(next.asked) != 2 {
			t.Errorf("waited %v, told %v, asked %v", waited, told, next.asked)
		}
	})
}

// TestQuota: the last request of a quota is followed by a wait for the next.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		next := &script{replies: []reply{
			{status: 200, body: "[]", header: map[string]string{
				"RateLimit-Remaining": "0", "RateLimit-Reset": "946684830", "Date": "Sat, 01 Jan 2000 00:00:00 GMT"}},
			{status: 201, body: made},
		}}
		target := openAt(t, "", gitlab.Options{Next: next})
		mustList(t, target, prod)
		mustPut(t, target, placement(prod, "NAME", "value", nil))
		if waited := time.Since(start); waited != 31*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

// TestClientIsQuiet: go-gitlab neither waits on its own, as it would after the
// first answer that names a limit, nor asks anything on its own.
func TestClientIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &script{replies: []reply{{status: 201, body: made, header: map[string]string{"RateLimit-Limit": "1", "RateLimit-Remaining": "1"}}}}
		target := openAt(t, "", gitlab.Options{Next: next})
		start := time.Now()
		for range 20 {
			mustPut(t, target, placement(prod, "NAME", "value", nil))
		}
		if waited := time.Since(start); waited != 0 || len(next.asked) != 20 {
			t.Errorf("waited %v, asked %v", waited, next.asked)
		}
		failing := &script{replies: []reply{{status: 501}}}
		err := openAt(t, "", gitlab.Options{Next: failing}).Delete(t.Context(), prod, store.Secret, "NAME")
		if !errors.Is(err, store.ErrUnavailable) || len(failing.asked) != 1 || time.Since(start) != 0 {
			t.Errorf("%v, asked %v", err, failing.asked)
		}
	})
}

// TestOwnAuthority: a server whose certificate another authority signed is
// spoken to only where that one was named.
func TestOwnAuthority(t *testing.T) {
	s := emulator.New(emulator.Options{})
	s.AddProject(project)
	s.AddToken("a token")
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for _, config := range []*tls.Config{{RootCAs: roots}, nil} { //nolint:gosec // the transport sets the least version
		target := openAt(t, server.URL, gitlab.Options{TLS: config})
		_, err := target.List(t.Context(), prod, secrets)
		if config != nil && err != nil || config == nil && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("own authority named: %v: %v", config != nil, err)
		}
	}
}

// TestRedirect: a write that is redirected goes nowhere, and the token with it.
func TestRedirect(t *testing.T) {
	other := newServer(t, nil)
	for _, status := range []int{301, 302, 307, 308} {
		to := reply{status: status, header: map[string]string{"Location": other.URL + "/api/v4/anything"}}
		s := newServer(t, map[string][]reply{list: {to}, create: {to}, remove: {to}})
		target := s.open(t, gitlab.Options{})
		for what, err := range map[string]error{
			"list":   second(target.List(t.Context(), prod, secrets)),
			"put":    second(target.Put(t.Context(), placement(prod, "NAME", "value", nil))),
			"delete": target.Delete(t.Context(), prod, store.Secret, "NAME"),
		} {
			if !errors.Is(err, store.ErrMoved) {
				t.Errorf("%s, %d: %v", what, status, err)
			}
		}
		if len(s.calls()) != 3 {
			t.Errorf("asked %q", s.calls())
		}
	}
	if len(other.calls()) > 0 {
		t.Errorf("the other server was asked %q", other.calls())
	}
}
