package azure

import (
	"net/http"
	"strconv"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// What every emulator has, by its name here.
type (
	// A Clock tells the emulator's time.
	Clock = harness.Clock
	// A Request is a line of an emulator's log.
	Request = harness.Request
	// A Fault is something that goes wrong with requests that it is for.
	Fault = harness.Fault
	// An Effect is what goes wrong.
	Effect = harness.Effect
)

// On holds for requests of a method to a path.
func On(method, path string) func(int, string, string) bool { return harness.On(method, path) }

// Slow delays the answer by d.
func Slow(d time.Duration) Effect { return harness.Slow(d) }

// Hang never answers: it processes nothing, and waits until the client leaves.
func Hang() Effect { return harness.Hang() }

// DropBefore cuts the connection without processing the request.
func DropBefore() Effect { return harness.DropBefore() }

// DropAfter processes the request and cuts the connection without an answer.
func DropAfter() Effect { return harness.DropAfter() }

// Truncate processes the request and cuts the connection after half of the
// answer's body; an answer without a body is lost whole.
func Truncate() Effect { return harness.Truncate() }

// Malformed processes the request and answers with a body that ends in the
// middle of its JSON.
func Malformed() Effect { return harness.Malformed() }

// Oversized processes the request and answers with JSON of about size bytes.
func Oversized(size int) Effect { return harness.Oversized(size) }

// Echo answers with the status and, in the forms of Key Vault's errors, of
// Entra's, and of a secret, all that the client sent: its headers and its body.
// A client must not repeat them.
func Echo(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		a.WriteHeader(status)
		sent := harness.Sent(r, body)
		a.JSON(jsonType, map[string]any{"error": map[string]any{"code": sent, "message": sent, "innererror": map[string]any{"code": sent}},
			"error_description": sent, "suberror": sent, "id": sent, "token_endpoint": sent, "issuer": sent})
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
// what would have been the answer, its values included, as an error.
func Failing(status int) Effect {
	return harness.Change(func(a *harness.Answer) {
		a.WriteHeader(status)
		said := string(a.Bytes())
		a.JSON(jsonType, map[string]any{"error": map[string]any{"code": said, "message": said}, "error_description": said})
	})
}

// Redirect answers with the status and a Location, without processing.
func Redirect(status int, location string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.WriteHeader(status)
		a.Header().Set("Location", location)
	})
}

// RateLimited answers 429 with a Retry-After of that many seconds, or with none
// if negative.
// https://learn.microsoft.com/azure/key-vault/general/overview-throttling
func RateLimited(retryAfter int) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.WriteHeader(http.StatusTooManyRequests)
		if retryAfter >= 0 {
			a.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		}
		a.JSON(jsonType, map[string]any{"error": map[string]any{"code": "Throttled", "message": "Request was not processed because too many requests were received."}})
	})
}
