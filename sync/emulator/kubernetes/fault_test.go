package kubernetes_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
)

func TestFaults(t *testing.T) {
	whole := func(a answer) bool { return strings.Contains(a.text, `"KEY":"dmFsdWU="`) }
	echoed := func(a answer) bool { return strings.Contains(a.text, reader) }
	for _, test := range []struct {
		name   string
		effect kubernetes.Effect
		status int // 0: no whole answer
		looks  func(answer) bool
	}{
		{"drop before", kubernetes.DropBefore(), 0, nil},
		{"drop after", kubernetes.DropAfter(), 0, nil},
		{"truncate", kubernetes.Truncate(), 0, nil},
		{"malformed", kubernetes.Malformed(), 200, func(a answer) bool { return strings.HasSuffix(a.text, `{"`) }},
		{"oversized", kubernetes.Oversized(1 << 20), 200, func(a answer) bool { return whole(a) && len(a.text) > 1<<20 }},
		{"slow", kubernetes.Slow(time.Millisecond), 200, whole},
		{"refuse", kubernetes.Refuse(403), 403, func(a answer) bool { return strings.Contains(a.text, "cannot get resource") }},
		{"absent", kubernetes.Refuse(404), 404, func(a answer) bool { return strings.Contains(a.text, `secrets \"api\" not found`) }},
		{"late", kubernetes.Refuse(504), 504, func(a answer) bool { return strings.Contains(a.text, `"reason":"Timeout"`) }},
		{"broken", kubernetes.Refuse(500), 500, func(a answer) bool { return strings.Contains(a.text, `"kind":"Status"`) }},
		{"echo", kubernetes.Echo(400), 400, func(a answer) bool { return echoed(a) && strings.Contains(a.header.Get("Warning"), reader) }},
		{"echo as text", kubernetes.EchoText(502), 502, echoed},
		{"failing", kubernetes.Failing(500), 500, func(a answer) bool { return strings.Contains(a.text, `\"KEY\":\"dmFsdWU=\"`) }},
		{"redirect", kubernetes.Redirect(307, "https://elsewhere.example/x"), 307, func(a answer) bool {
			return a.header.Get("Location") == "https://elsewhere.example/x"
		}},
		{"limit", kubernetes.RateLimited(7), 429, func(a answer) bool { return a.header.Get("Retry-After") == "7" }},
		{"limit without Retry-After", kubernetes.RateLimited(-1), 429, func(a answer) bool { return a.header["Retry-After"] == nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t)
			c.Inject(kubernetes.Fault{When: kubernetes.On("GET", api), Times: 1, Effect: test.effect})
			got, err := c.try(reader, "GET", api)
			switch {
			case test.status == 0 && err == nil:
				t.Fatalf("a whole answer: %q", got.text)
			case test.status != 0 && (err != nil || got.status != test.status || !test.looks(got)):
				t.Fatalf("%v, %d, %.200q, %v", err, got.status, got.text, got.header)
			}
			if got := c.want(200, reader, "GET", api); !whole(got) {
				t.Errorf("after the fault: %.200q", got.text)
			}
		})
	}
}

func TestHang(t *testing.T) {
	c := start(t)
	c.Inject(kubernetes.Fault{When: kubernetes.Nth(1), Effect: kubernetes.Hang()})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", c.url+api, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := http.DefaultTransport.RoundTrip(request); err == nil || ctx.Err() == nil {
		t.Errorf("ended with %v, %v", response, err)
	}
	c.want(200, reader, "GET", api)
}
