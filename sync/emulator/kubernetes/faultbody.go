package kubernetes

import (
	"net/http"
	"strconv"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Echo answers with the status and, in a Status and in a warning, all that the
// client sent. A client must not repeat it.
func Echo(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		a.WriteHeader(status)
		a.Header().Set("Warning", "299 - "+strconv.Quote(harness.Sent(r, body)))
		refusal(status, "InternalError", harness.Sent(r, body), map[string]any{"name": harness.Sent(r, body), "kind": "secrets"}).write(a)
	})
}

// EchoText is Echo with a body that is text, as a proxy gives.
func EchoText(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		a.WriteHeader(status)
		a.Text("text/html", "<html><pre>"+harness.Sent(r, body)+"</pre></html>")
	})
}

// Failing processes the request, and then answers with the status, and with
// what would have been the answer, its values included, as a Status.
func Failing(status int) Effect {
	return harness.Change(func(a *harness.Answer) {
		a.WriteHeader(status)
		refusal(status, "InternalError", string(a.Bytes()), nil).write(a)
	})
}

// Refuse answers with the status and the words that the API server has for it,
// without processing.
func Refuse(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, _ []byte) {
		at, _ := route(r.URL.Path)
		failed := map[int]*failure{
			http.StatusUnauthorized: unauthorized(),
			http.StatusForbidden:    forbidden(User{Name: "somebody"}, "get", "secrets", at),
			http.StatusNotFound:     notFound(at),
			http.StatusGatewayTimeout: refusal(status, "Timeout", "Timeout: request did not complete within the allotted timeout",
				map[string]any{}),
		}[status]
		if failed == nil {
			failed = refusal(status, "InternalError", "Internal error occurred", map[string]any{})
		}
		a.WriteHeader(status)
		failed.write(a)
	})
}

// Redirect answers with the status and a Location, without processing.
func Redirect(status int, location string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.WriteHeader(status)
		a.Header().Set("Location", location)
	})
}

// RateLimited answers 429 as API priority and fairness does where a queue is
// full, with a Retry-After of that many seconds, or with none if negative.
// https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
func RateLimited(retryAfter int) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		if retryAfter >= 0 {
			a.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		}
		a.WriteHeader(http.StatusTooManyRequests)
		a.Text("text/plain; charset=utf-8", "Too many requests, please try again later.\n")
	})
}
