package rest_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestQueries: what only asks is asked again by POST, too, and is no write.
func TestQueries(t *testing.T) {
	for _, failed := range []step{{status: 500}, {status: 503}, {err: io.ErrUnexpectedEOF}} {
		for _, queries := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				next := &script{steps: []step{failed, {status: 200}}}
				tr := transport(t, rest.Options{Next: next, Queries: queries})
				resp, err := do(t.Context(), tr, "POST", "x")
				if again := err == nil && resp.StatusCode == 200; again != queries {
					t.Errorf("queries %v, after %+v: %v", queries, failed, err)
				}
				requests, writes := tr.Requests()
				if queries && (requests != 2 || writes != 0) || !queries && (requests != 1 || writes != 1) {
					t.Errorf("queries %v: %d requests, %d writes", queries, requests, writes)
				}
			})
		}
	}
}

// TestHasty: a refusal for haste that only the API's own word shows is waited
// out, one second, then two; any other answer of that status is an answer.
func TestHasty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasty := func(status int, header http.Header, body []byte) bool {
			return status == 400 && header.Get("X-Error") == "Throttling" && bytes.Equal(body, []byte("slow down"))
		}
		throttled := step{status: 400, header: map[string]string{"X-Error": "Throttling"}, body: "slow down"}
		next := &script{steps: []step{throttled, throttled, {status: 400, body: "slow down"}}}
		start := time.Now()
		resp, err := do(t.Context(), transport(t, rest.Options{Next: next, Hasty: hasty, Pause: time.Second}), "POST", "x")
		if err != nil || resp.StatusCode != 400 || time.Since(start) != 3*time.Second || len(next.seen) != 3 {
			t.Fatalf("%v after %v and %d attempts", err, time.Since(start), len(next.seen))
		}
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "slow down" {
			t.Errorf("the answer's body is %q, %v", body, err)
		}
	})
}

// TestMetadata: http:// is for loopback, and where it is asked for, for
// addresses that never leave the machine's own network.
func TestMetadata(t *testing.T) {
	for address, valid := range map[string]bool{
		"http://169.254.169.254": true, "http://169.254.170.2/creds": true, "http://[fd00:ec2::254]": true, "http://[fe80::1]": true,
		"http://10.0.0.1": false, "http://metadata.google.internal": false, "http://[fd00::1]": false, "http://[::ffff:10.0.0.1]": false,
	} {
		if _, err := rest.New(rest.Options{Base: address, Metadata: true}); valid != (err == nil) || !valid && !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v", address, err)
		}
		if _, err := rest.New(rest.Options{Base: address}); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q without being asked for: %v", address, err)
		}
	}
}

// TestProxyOfLoopback: clear text does not leave the machine, through a proxy
// that a kubeconfig names neither.
func TestProxyOfLoopback(t *testing.T) {
	answering := func(name string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })) // to a buffer
		t.Cleanup(s.Close)
		return s
	}
	itself, between := answering("itself"), answering("a proxy")
	through, err := url.Parse(between.URL)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := rest.New(rest.Options{Base: itself.URL, Proxy: http.ProxyURL(through)})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.Client().Get(itself.URL) //nolint:noctx // both are in this process
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // there is no connection behind it
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "itself" {
		t.Errorf("%q answered, %v", body, err)
	}
}
