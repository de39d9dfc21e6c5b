package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// TestWaits reads every word that a store has for "not so fast". The bubble's
// clock starts at midnight UTC 2000-01-01.
func TestWaits(t *testing.T) {
	const midnight = 946684800
	doc := `{"documentation_url":"https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`
	tests := []struct {
		name   string
		status int
		header map[string]string
		body   string
		want   time.Duration
		reason rest.Reason
	}{
		{"seconds", 429, map[string]string{"Retry-After": "7"}, "", 7 * time.Second, rest.Haste},
		{"no seconds at all", 429, map[string]string{"Retry-After": "0"}, "", time.Second, rest.Haste},
		{"a date", 429, map[string]string{"Retry-After": "Sat, 01 Jan 2000 00:00:09 GMT"}, "", 9 * time.Second, rest.Haste},
		{
			"a date by a server's clock that is an hour ahead", 429,
			map[string]string{"Date": "Sat, 01 Jan 2000 01:00:00 GMT", "Retry-After": "Sat, 01 Jan 2000 01:00:05 GMT"}, "",
			5 * time.Second, rest.Haste,
		},
		{"GitHub's primary limit", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(midnight + 90)}, "", 91 * time.Second, rest.Quota},
		{
			"by a server's clock that is a day behind", 403,
			map[string]string{"Date": "Fri, 31 Dec 1999 00:00:00 GMT", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(midnight - 86400 + 20)}, "",
			21 * time.Second, rest.Quota,
		},
		{"both: Retry-After wins", 403, map[string]string{"Retry-After": "5", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(midnight + 90)}, "", 5 * time.Second, rest.Quota},
		{"GitHub's secondary limit, no time said", 403, nil, doc, time.Minute, rest.Haste},
		{"GitHub's secondary limit", 403, map[string]string{"Retry-After": "30", "X-RateLimit-Remaining": "4000"}, doc, 30 * time.Second, rest.Haste},
		{"the quota came back meanwhile", 403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(midnight - 60)}, "", time.Second, rest.Quota},
		{"GitLab", 429, map[string]string{"RateLimit-Remaining": "0", "RateLimit-Reset": fmt.Sprint(midnight + 10)}, "Retry later\n", 11 * time.Second, rest.Quota},
		{"Retry-After that is nonsense", 429, map[string]string{"Retry-After": "soon"}, "", time.Minute, rest.Haste},
		{"Retry-After below zero", 429, map[string]string{"Retry-After": "-4"}, "", time.Minute, rest.Haste},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var waits []rest.Wait
				next := &script{steps: []step{{status: test.status, header: test.header, body: test.body}, {status: 204}}}
				tr := transport(t, rest.Options{Next: next, Notify: func(w rest.Wait) { waits = append(waits, w) }})
				start := time.Now()
				resp, err := do(t.Context(), tr, "PUT", "x")
				if err != nil || resp.StatusCode != 204 || time.Since(start) != test.want {
					t.Fatalf("%v after %v, want 204 after %v", err, time.Since(start), test.want)
				}
				if len(waits) != 1 || waits[0].For != test.want || waits[0].Reason != test.reason {
					t.Errorf("the user was told %+v", waits)
				}
			})
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &script{steps: []step{{status: 429, header: map[string]string{"Retry-After": "3600"}}}}
		tr := transport(t, rest.Options{Next: next})
		start := time.Now()
		_, err := do(t.Context(), tr, "GET", "")
		e, ok := errors.AsType[*store.Error](err)
		if !ok || !errors.Is(e, store.ErrThrottled) || e.RetryAfter != time.Hour || time.Since(start) > 0 {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
		if !strings.Contains(e.Detail, "2000-01-01 01:00:00 UTC") {
			t.Errorf("it does not say when to come back: %s", e.Detail)
		}
		// Others that share the limit are not sent at all.
		if _, err := do(t.Context(), tr, "GET", ""); !errors.Is(err, store.ErrThrottled) || len(next.seen) != 1 {
			t.Errorf("%v, %d sent", err, len(next.seen))
		}
	})
}

// TestSecondaryDoubles: a store that names no time is given a minute, then two,
// and then patience is at its end.
func TestSecondaryDoubles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &script{steps: []step{{status: 429}}}
		start := time.Now()
		_, err := do(t.Context(), transport(t, rest.Options{Next: next}), "PUT", "x")
		if !errors.Is(err, store.ErrThrottled) || time.Since(start) != 3*time.Minute || len(next.seen) != 3 {
			t.Errorf("%v after %v and %d attempts", err, time.Since(start), len(next.seen))
		}
	})
}

// TestQuotaUsedUp: an answer that leaves no quota holds the next request back,
// and is itself an answer like any other.
func TestQuotaUsedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		used := map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(time.Now().Unix() + 60)}
		next := &script{steps: []step{{status: 200, header: used}, {status: 200}}}
		tr, start := transport(t, rest.Options{Next: next}), time.Now()
		if _, err := do(t.Context(), tr, "GET", ""); err != nil || time.Since(start) > 0 {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
		if _, err := do(t.Context(), tr, "GET", ""); err != nil || time.Since(start) != 61*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestSuccessEndsTheDoubling: haste that was forgiven is not remembered.
func TestSuccessEndsTheDoubling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &script{steps: []step{{status: 429}, {status: 200}, {status: 429}, {status: 200}}}
		tr, start := transport(t, rest.Options{Next: next}), time.Now()
		for range 2 {
			if _, err := do(t.Context(), tr, "GET", ""); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(start) != 2*time.Minute {
			t.Errorf("took %v", time.Since(start))
		}
	})
}

// TestAllWaitTogether: what one request is told holds for all, the longest
// wait counts, and the user is told once.
func TestAllWaitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []rest.Wait
		var at []time.Duration
		start := time.Now()
		var mu sync.Mutex
		tr := transport(t, rest.Options{
			Notify: func(w rest.Wait) { told = append(told, w) },
			Next: answer(func(req *http.Request) *http.Response {
				mu.Lock()
				at = append(at, time.Since(start))
				n := len(at)
				mu.Unlock()
				time.Sleep(time.Duration(n) * time.Second) // both are on their way before either is refused
				resp := ok(req)
				if n <= 2 {
					resp.StatusCode = 429
					resp.Header.Set("Retry-After", fmt.Sprint(60/n)) // a minute, then half of one
				}
				return resp
			}),
		})
		var group sync.WaitGroup
		for range 2 {
			group.Go(func() { _, _ = do(t.Context(), tr, "GET", "") })
		}
		time.Sleep(10 * time.Second)
		for range 8 {
			group.Go(func() { _, _ = do(t.Context(), tr, "GET", "") })
		}
		group.Wait()
		for i, sent := range at {
			if i >= 2 && sent != 61*time.Second {
				t.Errorf("request %d was sent after %v", i, sent)
			}
		}
		if len(at) != 12 || len(told) != 1 || told[0].Until.Sub(start) != 61*time.Second {
			t.Errorf("%d sent; the user was told %+v", len(at), told)
		}
	})
}

func TestBusyStoreSaysWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &script{steps: []step{{status: 503, header: map[string]string{"Retry-After": "20"}}, {status: 200}}}
		tr, start := transport(t, rest.Options{Next: next}), time.Now()
		if _, err := do(t.Context(), tr, "GET", ""); err != nil || time.Since(start) != 20*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestTurnIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := transport(t, rest.Options{Next: answer(ok), Limiter: rest.NewLimiter(rest.Pace{Burst: 1, PerMinute: 1})})
		start := time.Now()
		_, _ = do(t.Context(), tr, "PUT", "x")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := do(ctx, tr, "PUT", "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if _, err := do(t.Context(), tr, "PUT", "x"); err != nil || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestPace(t *testing.T) {
	pace := rest.Pace{Burst: 110, PerMinute: 66, Strict: 80}
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		var mu sync.Mutex
		var told []rest.Wait
		tr := transport(t, rest.Options{
			Next: answer(func(req *http.Request) *http.Response {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Now())
				return ok(req)
			}),
			Limiter: rest.NewLimiter(pace),
			Notify:  func(w rest.Wait) { told = append(told, w) },
		})
		start := time.Now()
		var group sync.WaitGroup
		for range 300 {
			group.Go(func() { _, _ = do(t.Context(), tr, "PUT", "x") })
		}
		group.Wait()
		if burst := at[109].Sub(start); burst > 0 {
			t.Errorf("a burst of 110 took %v", burst)
		}
		if most := busiest(at); most > 180 {
			t.Errorf("%d writes in a minute", most)
		}
		if took := time.Since(start); took > 3*time.Minute {
			t.Errorf("300 writes took %v", took)
		}
		if len(told) != 1 || told[0].Reason != rest.Pacer || told[0].PerMinute != 66 {
			t.Errorf("the user was told %+v", told)
		}
		before := time.Now()
		if _, err := do(t.Context(), tr, "GET", ""); err != nil || time.Since(before) > 0 {
			t.Errorf("a read was slowed: %v", time.Since(before))
		}
	})
}

func TestStrictPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		var told []rest.Wait
		refused := false
		tr := transport(t, rest.Options{
			Next: answer(func(req *http.Request) *http.Response {
				if !refused {
					refused = true
					resp := ok(req)
					resp.StatusCode = 403
					resp.Header.Set("Retry-After", "60")
					return resp
				}
				at = append(at, time.Now())
				return ok(req)
			}),
			Limiter: rest.NewLimiter(rest.Pace{Burst: 110, PerMinute: 66, Strict: 80}),
			Notify:  func(w rest.Wait) { told = append(told, w) },
		})
		for range 200 {
			if _, err := do(t.Context(), tr, "PUT", "x"); err != nil {
				t.Fatal(err)
			}
		}
		if most := busiest(at); most > 80 || most < 78 {
			t.Errorf("%d writes in a minute, want 80", most)
		}
		if len(told) != 1 || told[0].PerMinute != 80 || told[0].For != time.Minute || told[0].Reason != rest.Haste {
			t.Errorf("the user was told %+v", told)
		}
	})
}

// TestPaceStays: what is no refusal of a write for haste leaves the pace alone.
func TestPaceStays(t *testing.T) {
	for method, header := range map[string]map[string]string{
		"GET": {"Retry-After": "5"},
		"PUT": {"X-RateLimit-Remaining": "0", "Retry-After": "5"},
	} {
		synctest.Test(t, func(t *testing.T) {
			next := &script{steps: []step{{status: 429, header: header}, {status: 200}}}
			tr := transport(t, rest.Options{Next: next, Limiter: rest.NewLimiter(rest.Pace{Burst: 20, PerMinute: 66, Strict: 80})})
			start := time.Now()
			_, _ = do(t.Context(), tr, method, "x")
			for range 10 {
				_, _ = do(t.Context(), tr, "PUT", "x")
			}
			if took := time.Since(start); took != 5*time.Second {
				t.Errorf("%s refused: ten writes were done after %v", method, took)
			}
		})
	}
}

// busiest is the largest number of times within any one minute.
func busiest(at []time.Time) int {
	most := 0
	for i := range at {
		n := 0
		for _, later := range at[i:] {
			if later.Sub(at[i]) < time.Minute {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

type answer func(*http.Request) *http.Response

func (a answer) RoundTrip(req *http.Request) (*http.Response, error) { return a(req), nil }

func ok(req *http.Request) *http.Response {
	return &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody, Request: req}
}
