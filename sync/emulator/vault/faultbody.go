package vault

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Echo answers with the status and, in the form of Vault's errors and warnings,
// all that the client sent: its headers and its body. A client must not repeat
// them.
func Echo(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		a.WriteHeader(status)
		sent := []string{harness.Sent(r, body)}
		a.JSON("application/json", map[string]any{"errors": sent, "warnings": sent})
	})
}

// EchoText is Echo with a body that is text, as a proxy in front of Vault
// gives.
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
		a.JSON("application/json", map[string]any{"errors": []string{string(a.Bytes())}})
	})
}

// Refuse answers with the status and the words that Vault has for it, without
// processing.
func Refuse(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, _ []byte) {
		failed := map[int]*failure{
			http.StatusBadRequest:         refusal(status, "invalid request"),
			http.StatusForbidden:          refusal(status, "1 error occurred:\n\t* permission denied\n\n"),
			http.StatusTooManyRequests:    exceeded(strings.TrimPrefix(r.URL.Path, "/")),
			http.StatusServiceUnavailable: refusal(status, "Vault is sealed"),
			http.StatusNotFound:           refusal(status),
		}[status]
		if failed == nil {
			failed = refusal(status, "internal error")
		}
		write(a, reply{failed.status, failed.body})
	})
}

// Redirect answers with the status and a Location, without processing.
func Redirect(status int, location string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.WriteHeader(status)
		a.Header().Set("Location", location)
	})
}

// RateLimited answers 429 as when a quota is used up, with a Retry-After of that
// many seconds, or with none if negative, which is how Vault comes.
func RateLimited(retryAfter int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, _ []byte) {
		if retryAfter >= 0 {
			a.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		}
		failed := exceeded(strings.TrimPrefix(r.URL.Path, "/"))
		write(a, reply{failed.status, failed.body})
	})
}
