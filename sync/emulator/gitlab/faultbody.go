package gitlab

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Echo answers with the status and, in the message and in the form of a
// model's errors, all that the client sent: its headers and its body. A client
// must not repeat them.
func Echo(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		a.WriteHeader(status)
		a.JSON("application/json", map[string]any{
			"message": map[string]any{"value": []string{harness.Sent(r, body)}, "base": []string{string(body)}},
			"error":   harness.Sent(r, body),
		})
	})
}

// EchoText is Echo with a body that is text, as a proxy in front of GitLab
// gives.
func EchoText(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		a.WriteHeader(status)
		a.Text("text/html", "<html><pre>"+harness.Sent(r, body)+"</pre></html>")
	})
}

// Refuse answers with the status and the words that GitLab has for it, without
// processing.
func Refuse(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.WriteHeader(status)
		words := map[int]string{
			http.StatusUnauthorized: "401 Unauthorized", http.StatusForbidden: "403 Forbidden",
			http.StatusNotFound: "404 Not Found", http.StatusConflict: "409 Conflict",
			http.StatusInternalServerError: "500 Internal Server Error", http.StatusServiceUnavailable: "503 Service Unavailable",
		}[status]
		if words == "" {
			words = http.StatusText(status)
		}
		a.JSON("application/json", map[string]any{"message": words})
	})
}

// Redirect answers with the status and a Location, without processing.
func Redirect(status int, location string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.WriteHeader(status)
		a.Header().Set("Location", location)
		a.Text("text/plain", "This resource has been moved permanently to "+location)
	})
}

// RateLimited answers 429 as when a user's requests are used up, until reset,
// with a Retry-After of that many seconds, or with none if negative.
func RateLimited(reset time.Time, retryAfter int) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		showLimit(a.Header(), 2000, 2001, reset.Unix())
		_ = retryLater(a.Header(), reset.Unix(), int64(retryAfter)) // what it returns is written here
		if retryAfter < 0 {
			a.Header().Del("Retry-After")
		}
		a.WriteHeader(http.StatusTooManyRequests)
		a.Text("text/plain", throttled)
	})
}

// ShortList cuts a listing down to n items and has no next page, while the
// total stays as it is. EmptyList is the answer of a place that has nothing.
func ShortList(n int) Effect {
	return harness.Change(func(a *harness.Answer) {
		shorten(a, n)
		a.Header().Set("X-Next-Page", "")
		a.Header().Del("Link")
	})
}

// EmptyList is ShortList(0) with a total of 0.
func EmptyList() Effect {
	return harness.Change(func(a *harness.Answer) {
		shorten(a, 0)
		a.Header().Set("X-Next-Page", "")
		a.Header().Set("X-Total", "0")
		a.Header().Set("X-Total-Pages", "1")
		a.Header().Del("Link")
	})
}

func shorten(a *harness.Answer, n int) {
	var list []json.RawMessage
	if json.Unmarshal(a.Bytes(), &list) == nil {
		a.JSON("application/json", list[:min(n, len(list))])
	}
}
