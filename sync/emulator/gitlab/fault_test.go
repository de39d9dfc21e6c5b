package gitlab_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

// try is do with one connection a request, for answers that may not come.
func (c *client) try(ctx context.Context, method, path, body string) (answer, error) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, c.url+"/api/v4"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("PRIVATE-TOKEN", c.token)
	request.Header.Set("Content-Type", "application/json")
	// Of a transport of its own: net/http sends some requests again by itself,
	// when a connection that was used before breaks.
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // it has been read to its end
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text)}, err
}

func TestFaultyAnswers(t *testing.T) {
	const body = `{"x":"the body"}`
	whole := func(a answer) bool { return strings.Contains(a.text, `"A"`) && strings.Contains(a.text, `"B"`) }
	echoes := func(a answer) bool { return strings.Contains(a.text, owner) && strings.Contains(a.text, "the body") }
	for _, test := range []struct {
		name   string
		effect gitlab.Effect
		status int // 0: no whole answer
		looks  func(answer) bool
	}{
		{"echo", gitlab.Echo(400), 400, echoes},
		{"echo as text", gitlab.EchoText(502), 502, func(a answer) bool {
			return echoes(a) && a.header.Get("Content-Type") == "text/html"
		}},
		{"401", gitlab.Refuse(401), 401, func(a answer) bool { return a.text == `{"message":"401 Unauthorized"}` }},
		{"500", gitlab.Refuse(500), 500, func(a answer) bool { return a.text == `{"message":"500 Internal Server Error"}` }},
		{"502", gitlab.Refuse(502), 502, func(a answer) bool { return a.text == `{"message":"Bad Gateway"}` }},
		{"drop before", gitlab.DropBefore(), 0, nil},
		{"drop after", gitlab.DropAfter(), 0, nil},
		{"truncate", gitlab.Truncate(), 0, nil},
		{"malformed", gitlab.Malformed(), 200, func(a answer) bool { return strings.HasSuffix(a.text, `{"`) }},
		{"oversized", gitlab.Oversized(1 << 20), 200, func(a answer) bool { return whole(a) && len(a.text) > 1<<20 }},
		{"slow", gitlab.Slow(time.Millisecond), 200, whole},
		{"short", gitlab.ShortList(1), 200, func(a answer) bool {
			return strings.Contains(a.text, `"A"`) && !whole(a) && a.header.Get("X-Total") == "2"
		}},
		{"empty", gitlab.EmptyList(), 200, func(a answer) bool { return a.text == "[]" && a.header.Get("X-Total") == "0" }},
		{"redirect", gitlab.Redirect(302, "https://elsewhere.example/x"), 302, func(a answer) bool {
			return a.header.Get("Location") == "https://elsewhere.example/x"
		}},
		{"limit", gitlab.RateLimited(time.Unix(1_900_000_000, 0), 7), 429, func(a answer) bool {
			return a.text == "Retry later\n" && a.header.Get("Retry-After") == "7" && a.header.Get("RateLimit-Reset") == "1900000000"
		}},
		{"limit without Retry-After", gitlab.RateLimited(time.Unix(1_900_000_000, 0), -1), 429, func(a answer) bool {
			return a.header["Retry-After"] == nil && a.header.Get("RateLimit-Remaining") == "0"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, gitlab.Options{})
			set(t, c, gitlab.InProject(web), gitlab.Variable{Key: "A"}, gitlab.Variable{Key: "B"})
			c.Inject(gitlab.Fault{When: gitlab.On("GET", variables), Times: 1, Effect: test.effect})
			got, err := c.try(t.Context(), "GET", variables, body)
			if test.status == 0 {
				if err == nil {
					t.Fatalf("a whole answer: %q", got.text)
				}
			} else if err != nil || got.status != test.status || !test.looks(got) {
				t.Fatalf("%v, %d, %.200q, %v", err, got.status, got.text, got.header)
			}
			if got, err := c.try(t.Context(), "GET", variables, ""); err != nil || !whole(got) {
				t.Errorf("after the fault: %v, %.200q", err, got.text)
			}
		})
	}
}

func TestFaultsAndState(t *testing.T) {
	for effect, want := range map[string]bool{"before": false, "after": true} {
		c := start(t, gitlab.Options{})
		fault := gitlab.Fault{When: gitlab.Nth(1), Effect: gitlab.DropBefore()}
		if want {
			fault.Effect = gitlab.DropAfter()
		}
		c.Inject(fault)
		if _, err := c.try(t.Context(), "POST", variables, `{"key":"X","value":"1"}`); err == nil {
			t.Errorf("%s: an answer", effect)
		}
		if _, there := c.Variable(gitlab.InProject(web), "X", "*"); there != want {
			t.Errorf("dropped %s processing: written %t, want %t", effect, there, want)
		}
		if log := c.Requests(); len(log) != 1 || log[0] != (gitlab.Request{Method: "POST", Path: variables}) {
			t.Errorf("log %+v", log)
		}
	}
}

func TestHang(t *testing.T) {
	c := start(t, gitlab.Options{Latency: time.Millisecond})
	c.Inject(gitlab.Fault{Effect: gitlab.Hang()})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.try(ctx, "GET", "/user", ""); err == nil || ctx.Err() == nil {
		t.Errorf("ended with %v", err)
	}
	c.ClearFaults()
	c.want(200, "GET", "/user", nil)
}

func TestHookAndLog(t *testing.T) {
	c := start(t, gitlab.Options{})
	var seen []string
	c.After(func(n int, method, path string) {
		if n == len(c.Requests()) {
			seen = append(seen, method+" "+path)
		}
	})
	c.want(201, "POST", variables, fields{"key": "K", "value": "v"})
	c.want(200, "GET", variables+"?per_page=1", nil)
	if len(seen) != 2 || seen[1] != "GET "+variables {
		t.Errorf("hook saw %q", seen)
	}
	if log := c.Requests(); log[1] != (gitlab.Request{Method: "GET", Path: variables, Query: "per_page=1", Status: 200}) {
		t.Errorf("log %+v", log)
	}
	c.ForgetRequests()
	if log := c.Requests(); len(log) != 0 {
		t.Errorf("log %+v", log)
	}
}

func TestClock(t *testing.T) {
	c := start(t, gitlab.Options{})
	c.Clock().Set(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC))
	if got := c.want(200, "GET", "/user", nil); got.header.Get("Date") != "Wed, 02 Jan 2030 03:04:05 GMT" {
		t.Errorf("Date %s", got.header.Get("Date"))
	}
	c.AddToken("brief", gitlab.Expires(c.Clock().Now().Add(time.Hour)))
	c.as("brief").want(200, "GET", "/user", nil)
	c.Clock().Advance(time.Hour)
	c.as("brief").want(401, "GET", "/user", nil)
}
