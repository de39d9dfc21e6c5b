package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

const base = "https://api.example.com/v3"

// script answers the nth request with its nth step; the last step repeats.
type script struct {
	steps []step
	at    atomic.Int64
	seen  []string // method and body of each request
}

type step struct {
	status int
	header map[string]string
	body   string
	err    error
	after  time.Duration
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	n := min(int(s.at.Add(1)), len(s.steps))
	step := s.steps[n-1]
	sent := ""
	if req.Body != nil {
		b, _ := io.ReadAll(req.Body)
		sent = string(b)
		again, _ := req.GetBody() // as Go's own transport would
		if b, _ := io.ReadAll(again); string(b) != sent {
			sent += " and another body"
		}
	}
	s.seen = append(s.seen, req.Method+" "+sent)
	select {
	case <-time.After(step.after):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if step.err != nil {
		return nil, step.err
	}
	header := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
	for name, text := range step.header {
		header.Set(name, text)
	}
	return &http.Response{StatusCode: step.status, Header: header, Body: io.NopCloser(strings.NewReader(step.body)), Request: req}, nil
}

func transport(t *testing.T, o rest.Options) *rest.Transport {
	t.Helper()
	o.Base = base
	tr, err := rest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func do(ctx context.Context, tr *rest.Transport, method, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, base+"/thing", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	return tr.Client().Do(req)
}

func TestRetries(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	broken := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	unknown := &net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}
	busy := step{status: 503, header: map[string]string{"Retry-After": "2"}}
	secondary := step{status: 403, body: `{"documentation_url":"https://docs.github.com/x#secondary-rate-limits"}`}
	all, none, idempotent := "GET HEAD PUT DELETE POST PATCH", "", "GET HEAD PUT DELETE"
	tests := []struct {
		name  string
		step  step
		again string // the methods that are tried again
	}{
		{"200", step{status: 200}, none},
		{"400", step{status: 400}, none},
		{"401", step{status: 401}, none},
		{"403", step{status: 403}, none},
		{"404", step{status: 404}, none},
		{"409", step{status: 409}, none},
		{"422", step{status: 422}, none},
		{"429", step{status: 429}, all},
		{"429 with Retry-After", step{status: 429, header: map[string]string{"Retry-After": "3"}}, all},
		{"403 with Retry-After", step{status: 403, header: map[string]string{"Retry-After": "3"}}, all},
		{"403 without quota", step{status: 403, header: map[string]string{"X-RateLimit-Remaining": "0"}}, all},
		{"403 for haste", secondary, all},
		{"500", step{status: 500}, idempotent},
		{"501", step{status: 501}, none},
		{"502", step{status: 502}, idempotent},
		{"503", step{status: 503}, idempotent},
		{"503 with Retry-After", busy, all},
		{"504", step{status: 504}, idempotent},
		{"connection refused", step{err: refused}, all},
		{"connection broken", step{err: broken}, idempotent},
		{"answer cut short", step{status: 200, err: io.ErrUnexpectedEOF}, idempotent},
		{"no such host", step{err: unknown}, none},
		{"no answer in time", step{status: 200, after: time.Hour}, idempotent},
	}
	for _, test := range tests {
		for method := range strings.FieldsSeq(all) {
			t.Run(test.name+" "+method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					next := &script{steps: []step{test.step, {status: 200}}}
					tr := transport(t, rest.Options{Next: next})
					_, _ = do(t.Context(), tr, method, "sent")
					want := 1
					if strings.Contains(test.again, method) {
						want = 2
					}
					if len(next.seen) != want {
						t.Errorf("sent %d times, want %d", len(next.seen), want)
					}
					for _, sent := range next.seen {
						if sent != method+" sent" {
							t.Errorf("sent %q", sent)
						}
					}
					if requests, writes := tr.Requests(); requests != want || writes != 0 && method == "GET" {
						t.Errorf("counted %d requests, %d writes", requests, writes)
					}
				})
			})
		}
	}
}

func TestGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &script{steps: []step{{status: 502, body: "bad"}}}
		resp, err := do(t.Context(), transport(t, rest.Options{Next: next}), "GET", "")
		if err != nil || resp.StatusCode != 502 || len(next.seen) != 4 {
			t.Errorf("%v, %v after %d attempts", resp, err, len(next.seen))
		}
	})
}

func TestOneHost(t *testing.T) {
	for _, address := range []string{
		"https://evil.example.com/v3/thing", "http://api.example.com/v3/thing",
		"https://api.example.com:8443/v3/thing", "https://api.example.com.evil.com/",
	} {
		next := &script{steps: []step{{status: 200}}}
		tr := transport(t, rest.Options{Next: next})
		_, err := tr.Client().Get(address)
		if !errors.Is(err, store.ErrDenied) || len(next.seen) > 0 {
			t.Errorf("%s: %v, %d requests sent", address, err, len(next.seen))
		}
	}
	next := &script{steps: []step{{status: 200}}}
	tr := transport(t, rest.Options{Next: next})
	if _, err := tr.Client().Get("https://API.example.com:443/v3/thing"); err != nil {
		t.Errorf("the host's own other spelling: %v", err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", base, http.NoBody)
	named := transport(t, rest.Options{UserAgent: "keyplumb/1", Next: answer(func(req *http.Request) *http.Response {
		if got := req.Header.Get("User-Agent"); got != "keyplumb/1" {
			t.Errorf("user agent %q", got)
		}
		return ok(req)
	})})
	if _, err := named.RoundTrip(req); err != nil || len(req.Header) > 0 {
		t.Errorf("%v; the caller's request has headers %v", err, req.Header)
	}
	req.Host = "evil.example.com"
	if _, err := tr.RoundTrip(req); !errors.Is(err, store.ErrDenied) {
		t.Errorf("another Host header: %v", err)
	}
}

func TestRedirects(t *testing.T) {
	tests := []struct {
		method, location string
		status, sent     int
		want             error
	}{
		{"GET", "https://api.example.com/new", 301, 2, nil},
		{"GET", "/new", 307, 2, nil},
		{"GET", "https://evil.example.com/", 302, 1, store.ErrDenied},
		{"GET", "http://api.example.com/", 301, 1, store.ErrDenied},
		{"PUT", "https://api.example.com/new", 301, 1, nil},
		{"POST", "https://api.example.com/new", 307, 1, nil},
		{"DELETE", "https://evil.example.com/", 308, 1, nil},
	}
	for _, test := range tests {
		next := &script{steps: []step{{status: test.status, header: map[string]string{"Location": test.location}}, {status: 200}}}
		resp, err := do(t.Context(), transport(t, rest.Options{Next: next}), test.method, "")
		if !errors.Is(err, test.want) || len(next.seen) != test.sent {
			t.Errorf("%s to %s: %v, %d sent", test.method, test.location, err, len(next.seen))
		}
		if err == nil && test.sent == 1 && resp.StatusCode != test.status {
			t.Errorf("%s: status %d, want the redirect itself", test.method, resp.StatusCode)
		}
	}
	// A client of an SDK's own, which follows whatever it is told.
	next := &script{steps: []step{{status: 307, header: map[string]string{"Location": base}}, {status: 200}}}
	_, err := (&http.Client{Transport: transport(t, rest.Options{Next: next})}).Post(base, "", strings.NewReader("x"))
	if !errors.Is(err, store.ErrDenied) || len(next.seen) != 1 {
		t.Errorf("a POST redirected: %v, %d sent", err, len(next.seen))
	}
}

func TestAddresses(t *testing.T) {
	for address, valid := range map[string]bool{
		"https://api.github.com": true, "http://localhost:80": true, "http://127.0.0.1:1/x": true, "http://[::1]:1": true,
		"http://10.0.0.1": false, "http://localhost.evil.com": false, "ftp://x": false, "api.github.com": false, "": false,
		"https://user:pass@host": false, "https://": false, "://": false,
	} {
		_, err := rest.New(rest.Options{Base: address})
		if valid != (err == nil) || !valid && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "pass@") {
			t.Errorf("the error shows a password: %v", err)
		}
	}
}

func TestTLS(t *testing.T) {
	_, err := rest.New(rest.Options{Base: base, TLS: &tls.Config{InsecureSkipVerify: true}}) //nolint:gosec // it is refused
	if !errors.Is(err, store.ErrInvalid) {
		t.Errorf("certificates unchecked: %v", err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // it is not spoken to
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	for _, config := range []*tls.Config{{RootCAs: roots}, {RootCAs: roots, MinVersion: tls.VersionTLS10}} {
		tr, err := rest.New(rest.Options{Base: server.URL, TLS: config})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Client().Get(server.URL); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("TLS 1.1: %v", err)
		}
	}
}

func TestBodies(t *testing.T) {
	squeeze := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return b.String()
	}
	bomb := squeeze(strings.Repeat("0", 5000))
	tests := []struct {
		name, body, encoding, detail string
	}{
		{"just at the cap", strings.Repeat("x", 1000), "", ""},
		{"over the cap", strings.Repeat("x", 1001), "", "answer too long"},
		{"small, but large unpacked", bomb, "gzip", "answer too long"},
		{"packed and cut short", squeeze("hello")[:20], "gzip", "the connection broke before the answer was complete"},
		{"unknown encoding", "x", "br", "answer in an encoding that was not asked for"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Accept-Encoding") != "gzip" {
					t.Errorf("asked for %q", r.Header.Get("Accept-Encoding"))
				}
				if test.encoding != "" {
					w.Header().Set("Content-Encoding", test.encoding)
				}
				_, _ = io.WriteString(w, test.body)
			})
			tr, err := rest.New(rest.Options{Base: server, MaxBody: 1000, Attempts: 1})
			if err != nil {
				t.Fatal(err)
			}
			req, _ := http.NewRequestWithContext(t.Context(), "GET", server, http.NoBody)
			req.Header.Set("Accept-Encoding", "zstd") // as some SDKs do
			resp, err := tr.Client().Do(req)
			if test.detail == "" {
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(resp.Body); err != nil || string(got) != test.body {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				return
			}
			e, ok := errors.AsType[*store.Error](err)
			if !ok || !errors.Is(e, store.ErrUnavailable) || e.Detail != test.detail {
				t.Errorf("%v, want %q", err, test.detail)
			}
		})
	}
}

func TestCutShort(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"total_count":0}`)
	})
	tr, err := rest.New(rest.Options{Base: server, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Client().Get(server); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a body cut short: %v", err)
	}
}

func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		next := &script{steps: []step{{status: 200, after: time.Hour}}}
		tr := transport(t, rest.Options{Next: next, Attempt: time.Minute, Deadline: 90 * time.Second})
		_, err := do(t.Context(), tr, "GET", "")
		if !errors.Is(err, store.ErrUnavailable) || time.Since(start) != 90*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		next := &script{steps: []step{{status: 200, after: time.Hour}}}
		_, err := do(ctx, transport(t, rest.Options{Next: next}), "GET", "")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's own deadline: %v", err)
		}
	})
}
