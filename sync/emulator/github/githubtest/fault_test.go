package githubtest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// try sends one request and returns its answer, body read, or what went wrong.
func (c *client) try(ctx context.Context, method, path, body string) (*http.Response, string, error) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.bearer)
	// Of a transport of its own: net/http sends some requests again by itself,
	// when a connection that was used before breaks.
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = response.Body.Close() }() // it has been read to its end
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

const variables = "/repos/acme/api/actions/variables"

func TestFaultyAnswers(t *testing.T) {
	full := func(text string) bool { return strings.Contains(text, `"total_count":2`) }
	tests := []struct {
		name   string
		effect github.Effect
		status int // 0: no whole answer
		looks  func(header http.Header, text string) bool
	}{
		{"echo", github.Echo(500), 500, func(_ http.Header, text string) bool {
			return strings.Contains(text, bearer) && strings.Contains(text, "the body")
		}},
		{"drop before", github.DropBefore(), 0, nil},
		{"drop after", github.DropAfter(), 0, nil},
		{"truncate", github.Truncate(), 0, nil},
		{"malformed", github.Malformed(), 200, func(_ http.Header, text string) bool { return strings.HasSuffix(text, `{"`) }},
		{"oversized", github.Oversized(1 << 20), 200, func(_ http.Header, text string) bool { return len(text) > 1<<20 }},
		{"slow", github.Slow(time.Millisecond), 200, func(_ http.Header, text string) bool { return full(text) }},
		{"short", github.ShortList(1), 200, func(_ http.Header, text string) bool {
			return full(text) && strings.Contains(text, `"A"`) && !strings.Contains(text, `"B"`)
		}},
		{"empty", github.EmptyList(), 200, func(_ http.Header, text string) bool {
			return strings.Contains(text, `"total_count":0`) && strings.Contains(text, `"variables":[]`)
		}},
		{"redirect", github.Redirect(301, "https://evil.example/x"), 301, func(header http.Header, _ string) bool {
			return header.Get("Location") == "https://evil.example/x"
		}},
		{"primary limit", github.PrimaryLimit(403, time.Unix(1_900_000_000, 0)), 403, func(header http.Header, _ string) bool {
			return header.Get("X-RateLimit-Remaining") == "0" && header.Get("X-RateLimit-Reset") == "1900000000"
		}},
		{"secondary limit", github.SecondaryLimit(429, 7), 429, func(header http.Header, text string) bool {
			return header.Get("Retry-After") == "7" && strings.Contains(text, "secondary rate limit")
		}},
		{"secondary limit without Retry-After", github.SecondaryLimit(403, -1), 403, func(header http.Header, _ string) bool {
			return header["Retry-After"] == nil
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := unchecked(t)
			for _, name := range []string{"A", "B"} {
				if err := c.SetVariable(github.InRepository("acme/api"), name, "v"); err != nil {
					t.Fatal(err)
				}
			}
			c.Inject(github.Fault{When: github.On("GET", variables), Times: 1, Effect: test.effect})
			response, text, err := c.try(t.Context(), "GET", variables, "the body")
			if test.status == 0 {
				if err == nil {
					t.Fatalf("a whole answer: %q", text)
				}
			} else if err != nil || response.StatusCode != test.status || !test.looks(response.Header, text) {
				t.Fatalf("%v, %v, %.200q", err, response, text)
			}
			if _, text, err := c.try(t.Context(), "GET", variables, ""); err != nil || !full(text) {
				t.Errorf("after the fault: %v, %.200q", err, text)
			}
		})
	}
}

func TestFaultsAndState(t *testing.T) {
	for effect, want := range map[string]bool{"before": false, "after": true} {
		c := unchecked(t)
		fault := github.Fault{When: github.Nth(1), Effect: github.DropBefore()}
		if effect == "after" {
			fault.Effect = github.DropAfter()
		}
		c.Inject(fault)
		if _, _, err := c.try(t.Context(), "POST", variables, `{"name":"X","value":"1"}`); err == nil {
			t.Errorf("%s: an answer", effect)
		}
		if _, there := c.VariableValue(github.InRepository("acme/api"), "X"); there != want {
			t.Errorf("dropped %s processing: written %t, want %t", effect, there, want)
		}
		if log := c.Requests(); len(log) != 1 || log[0] != (github.Request{Method: "POST", Path: variables}) {
			t.Errorf("log %+v", log)
		}
	}
}

func TestHang(t *testing.T) {
	c := start(t)
	c.Inject(github.Fault{Effect: github.Hang()})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := c.try(ctx, "GET", "/repos/acme/api", ""); err == nil || ctx.Err() == nil {
		t.Errorf("ended with %v", err)
	}
	c.ClearFaults()
	c.want(200, "GET", "/repos/acme/api", nil)
}

func TestHookAndSnapshot(t *testing.T) {
	c := start(t)
	var seen []string
	c.After(func(n int, method, path string) {
		if n == len(c.Requests()) {
			seen = append(seen, method+" "+path)
		}
	})
	c.want(201, "POST", variables, map[string]any{"name": "KEEP", "value": "1"})
	c.want(201, "POST", variables, map[string]any{"name": "LEDGER_1", "value": "2"})
	if want := "POST " + variables; len(seen) != 2 || seen[0] != want {
		t.Errorf("hook saw %q", seen)
	}
	if log := c.Requests(); log[1].Status != 201 {
		t.Errorf("log %+v", log)
	}
	const prod = `repository acme/api environment prod: wait=0 self-review=true reviewers=[] branches=any` + "\n"
	if got, want := c.Snapshot(github.WithoutVariables("ledger_")), prod+`repository acme/api variable KEEP = "1"`+"\n"; got != want {
		t.Errorf("snapshot\n%s\nwant\n%s", got, want)
	}
}
