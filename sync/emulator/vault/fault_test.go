package vault_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/vault"
)

func TestFaults(t *testing.T) {
	whole := func(a answer) bool { return strings.Contains(a.text, `"KEY":"value"`) }
	echoed := func(a answer) bool {
		return strings.Contains(a.text, root) && strings.Contains(a.text, "what was sent")
	}
	for _, test := range []struct {
		name   string
		effect vault.Effect
		status int // 0: no whole answer
		looks  func(answer) bool
	}{
		{"drop before", vault.DropBefore(), 0, nil},
		{"drop after", vault.DropAfter(), 0, nil},
		{"truncate", vault.Truncate(), 0, nil},
		{"malformed", vault.Malformed(), 200, func(a answer) bool { return strings.HasSuffix(a.text, `{"`) }},
		{"oversized", vault.Oversized(1 << 20), 200, func(a answer) bool { return whole(a) && len(a.text) > 1<<20 }},
		{"slow", vault.Slow(time.Millisecond), 200, whole},
		{"refuse", vault.Refuse(403), 403, func(a answer) bool { return strings.Contains(a.text, "permission denied") }},
		{"refuse without words", vault.Refuse(502), 502, func(a answer) bool { return strings.Contains(a.text, `"errors":[`) }},
		{"sealed", vault.Refuse(503), 503, func(a answer) bool { return strings.Contains(a.text, "Vault is sealed") }},
		{"echo", vault.Echo(400), 400, echoed},
		{"echo as text", vault.EchoText(502), 502, echoed},
		{"failing", vault.Failing(500), 500, func(a answer) bool { return strings.Contains(a.text, `\"KEY\":\"value\"`) }},
		{"redirect", vault.Redirect(307, "https://elsewhere.example/x"), 307, func(a answer) bool {
			return a.header.Get("Location") == "https://elsewhere.example/x"
		}},
		{"limit", vault.RateLimited(7), 429, func(a answer) bool { return a.header.Get("Retry-After") == "7" }},
		{"limit without Retry-After", vault.RateLimited(-1), 429, func(a answer) bool {
			return a.header["Retry-After"] == nil && strings.Contains(a.text, `request path \"kv/data/web\"`)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, vault.Options{})
			c.Put("kv", "web", fields{"KEY": "value"})
			c.Inject(vault.Fault{When: vault.On("GET", "/kv/data/web"), Times: 1, Effect: test.effect})
			got, err := c.try("GET", "/kv/data/web", "what was sent")
			switch {
			case test.status == 0 && err == nil:
				t.Fatalf("a whole answer: %q", got.text)
			case test.status != 0 && (err != nil || got.status != test.status || !test.looks(got)):
				t.Fatalf("%v, %d, %.200q, %v", err, got.status, got.text, got.header)
			}
			if got := c.want(200, "GET", "/kv/data/web", ""); !whole(got) {
				t.Errorf("after the fault: %.200q", got.text)
			}
		})
	}
}

func TestFaultsAndState(t *testing.T) {
	for _, after := range []bool{false, true} {
		c := start(t, vault.Options{})
		fault := vault.Fault{When: vault.Nth(1), Effect: vault.DropBefore()}
		if after {
			fault.Effect = vault.DropAfter()
		}
		c.Inject(fault)
		if _, err := c.try("POST", "/auth/token/revoke-self", ""); err == nil {
			t.Error("an answer")
		}
		if ended := len(c.Tokens()) == 0; ended != after {
			t.Errorf("dropped after: %t, token ended: %t", after, ended)
		}
		if log := c.Requests(); len(log) != 1 || log[0] != (vault.Request{Method: "POST", Path: "/auth/token/revoke-self"}) {
			t.Errorf("log %+v", log)
		}
	}
}

func TestHang(t *testing.T) {
	c := start(t, vault.Options{Latency: time.Millisecond})
	c.Inject(vault.Fault{Effect: vault.Hang()})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", c.url+"/v1/sys/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultTransport.RoundTrip(request); err == nil || ctx.Err() == nil {
		t.Errorf("ended with %v", err)
	}
	c.ClearFaults()
	c.want(200, "GET", "/sys/health", "")
}

func TestOutsideTheAPI(t *testing.T) {
	c := start(t, vault.Options{})
	for path, want := range map[string]int{"/ui/vault": 404, "/v1/kv//data/web": 307, "/v1/kv/data/../web": 307, "/v1/nowhere/x": 404} {
		recorder := httptest.NewRecorder()
		request := httptest.NewRequest("GET", path, nil)
		request.Header.Set("Authorization", "Bearer "+root)
		c.ServeHTTP(recorder, request)
		if recorder.Code != want {
			t.Errorf("%s: %d, want %d", path, recorder.Code, want)
		}
	}
}
