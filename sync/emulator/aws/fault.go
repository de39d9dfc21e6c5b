package aws

import (
	"net/http"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// What every emulator has, by its name here.
type (
	// A Clock tells the emulator's time.
	Clock = harness.Clock
	// A Fault is something that goes wrong with requests that it is for.
	Fault = harness.Fault
	// An Effect is what goes wrong.
	Effect = harness.Effect
)

// On holds for requests of an action: "/secretsmanager/GetSecretValue".
func On(path string) func(int, string, string) bool { return harness.On(http.MethodPost, path) }

// Slow delays the answer by d.
func Slow(d time.Duration) Effect { return harness.Slow(d) }

// Hang never answers.
func Hang() Effect { return harness.Hang() }

// DropBefore cuts the connection without processing the request.
func DropBefore() Effect { return harness.DropBefore() }

// DropAfter processes the request and cuts the connection without an answer.
func DropAfter() Effect { return harness.DropAfter() }

// Truncate processes the request and cuts the connection in the middle of the
// answer.
func Truncate() Effect { return harness.Truncate() }

// Malformed processes the request and answers with a body that ends in the
// middle of its JSON.
func Malformed() Effect { return harness.Malformed() }

// Oversized processes the request and answers with about size bytes.
func Oversized(size int) Effect { return harness.Oversized(size) }

// serviceOf tells the service from the path that ServeHTTP has made.
func serviceOf(r *http.Request) string {
	service, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return service
}

// Refuse answers with an error of the API, without processing.
func Refuse(status int, code, message string) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, _ []byte) {
		(&failure{status, code, message}).write(a, serviceOf(r))
	})
}

// Throttled answers as when requests come too fast: 400, and no word on how
// long to wait.
func Throttled() Effect { return Refuse(http.StatusBadRequest, "ThrottlingException", "Rate exceeded") }

// Echo answers with a status and an error of the code, whose message is all
// that the client sent.
func Echo(status int, code string) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		(&failure{status, code, harness.Sent(r, body)}).write(a, serviceOf(r))
	})
}

// EchoText is Echo with a body that is text, as a proxy gives.
func EchoText(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		a.WriteHeader(status)
		a.Text("text/html", "<html><pre>"+harness.Sent(r, body)+"</pre></html>")
	})
}

// Failing processes the request, and then answers with an error of the code,
// whose message is what would have been the answer, its values included.
func Failing(status int, code string) Effect {
	return harness.Change(func(a *harness.Answer) {
		a.WriteHeader(status)
		a.JSON("application/x-amz-json-1.1", map[string]string{"__type": code, "message": string(a.Bytes())})
	})
}

// Redirect answers with the status and a Location, without processing.
func Redirect(status int, location string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.WriteHeader(status)
		a.Header().Set("Location", location)
	})
}

// ComeBack answers 503 with a Retry-After of that many seconds.
func ComeBack(seconds string) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, _ []byte) {
		a.Header().Set("Retry-After", seconds)
		(&failure{http.StatusTooManyRequests, "ThrottlingException", "Rate exceeded"}).write(a, serviceOf(r))
	})
}
