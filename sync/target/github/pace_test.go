package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

// unstarted is a server that answers without a network, so that a bubble's
// clock can run.
func unstarted(answers map[string][]reply) *server {
	return &server{Server: &httptest.Server{URL: "https://api.example.com"}, answers: answers}
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if req.Body == nil {
		req.Body = http.NoBody // as a server sees it
	}
	s.ServeHTTP(w, req)
	return w.Result(), nil
}

// TestQuota: what GitHub says of its quota is obeyed by its own clock, once,
// and not by go-github by ours as well.
func TestQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC) // decades ahead of the bubble's
		s := unstarted(map[string][]reply{getRepo: {{status: 200, body: found, header: map[string]string{
			"Date":                  server.Format(http.TimeFormat),
			"X-RateLimit-Limit":     "5000",
			"X-RateLimit-Remaining": "0",
			"X-RateLimit-Reset":     fmt.Sprint(server.Unix() + 30),
		}}}})
		target, start := s.open(t, github.Options{Next: s}), time.Now()
		if _, err := target.Identity(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := target.ReadShard(t.Context(), "environment:prod", 1); err != nil || time.Since(start) != 31*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestBurst: a hundred secrets and their ledger are not slowed; many more are,
// and the user is told.
func TestBurst(t *testing.T) {
	key, _ := keyPair(t, "1")
	for n, slowed := range map[int]bool{100: false, 150: true} {
		synctest.Test(t, func(t *testing.T) {
			answers := map[string][]reply{
				"GET " + env + "/secrets/public-key":              {{status: 200, body: key}},
				"POST " + env + "/variables":                      {{status: 201}},
				"PATCH " + env + "/variables/KEYPLUMB_LEDGER_ENV": {{status: 204}},
			}
			s, told := unstarted(answers), []rest.Wait(nil)
			target := s.open(t, github.Options{Next: s, Notify: func(w rest.Wait) { told = append(told, w) }})
			start := time.Now()
			for range 2 {
				if err := target.WriteShard(t.Context(), "environment:prod", 1, "sealed"); err != nil {
					t.Fatal(err)
				}
			}
			for i := range n {
				name := fmt.Sprintf("NAME_%d", i)
				answers["PUT "+env+"/secrets/"+name] = []reply{{status: 201}}
				if _, err := target.Put(t.Context(), placement("environment:prod", store.Secret, name, "value", nil)); err != nil {
					t.Fatal(err)
				}
			}
			if took := time.Since(start); took > 0 != slowed || len(told) > 0 != slowed {
				t.Errorf("%d secrets took %v; the user was told %+v", n, took, told)
			}
		})
	}
}

// TestAppHasItsOwnLimits: minting a token is no write to the installation.
func TestAppHasItsOwnLimits(t *testing.T) {
	_, encoded := appKey(t)
	synctest.Test(t, func(t *testing.T) {
		s := unstarted(map[string][]reply{
			"GET /repos/acme/api/installation": {{status: 200, body: `{"id":5}`}},
			mint:                               {minted("first", time.Hour)},
			"DELETE " + env + "/secrets/NAME":  {{status: 204}},
		})
		target := s.open(t, github.Options{
			Next: s, App: &github.App{ID: "1", Key: secret.New(encoded)},
			Limiter: rest.NewLimiter(rest.Pace{Burst: 1, PerMinute: 1}),
		})
		start := time.Now()
		if err := target.Delete(t.Context(), "environment:prod", store.Secret, "NAME"); err != nil || time.Since(start) > 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}
