package gcp

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// What every emulator has, by its name here.
type (
	// A Clock tells the emulator's time.
	Clock = harness.Clock
	// A Request is a line of the emulator's log.
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
// answer's body.
func Truncate() Effect { return harness.Truncate() }

// Malformed processes the request and answers with a body that ends in the
// middle of its JSON.
func Malformed() Effect { return harness.Malformed() }

// Oversized processes the request and answers with JSON of about size bytes.
func Oversized(size int) Effect { return harness.Oversized(size) }

// Echo answers with the status and, in the form of an API's errors and of a
// token service's, all that the client sent. A client must not repeat it.
func Echo(status int) Effect {
	return harness.Refuse(func(a *harness.Answer, r *http.Request, body []byte) {
		sent := harness.Sent(r, body)
		a.WriteHeader(status)
		if r.Method == http.MethodPost && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
			a.JSON("application/json", map[string]any{"error": "invalid_grant", "error_description": sent})
			return
		}
		a.JSON("application/json", map[string]any{"error": map[string]any{"code": status, "message": sent, "status": code(status)}})
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
		a.JSON("application/json", map[string]any{"error": map[string]any{"code": status, "message": string(a.Bytes()), "status": code(status)}})
	})
}

// Refuse answers with the status and the code that Google has for it, without
// processing.
func Refuse(status int) Effect {
	return Saying(status, "The request was refused.")
}

// Saying is Refuse with a message.
func Saying(status int, message string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) { write(a, refusal(status, code(status), message)) })
}

// Precondition answers as when a version cannot be read as it is.
func Precondition(message string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		write(a, refusal(http.StatusBadRequest, "FAILED_PRECONDITION", message))
	})
}

// Because is Refuse with a reason of google.rpc.ErrorInfo.
func Because(status int, reason string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		write(a, refusal(status, code(status), "The request was refused.", because(reason, "googleapis.com", nil)))
	})
}

// RateLimited answers 429 as when a quota is used up, with a Retry-After of that
// many seconds, or with none if negative, which is how Google comes.
func RateLimited(retryAfter int) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		if retryAfter >= 0 {
			a.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		}
		write(a, refusal(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Access requests' and limit 'Access requests per minute'.",
			because("RATE_LIMIT_EXCEEDED", "googleapis.com", nil)))
	})
}

// Redirect answers with the status and a Location, without processing.
func Redirect(status int, location string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.WriteHeader(status)
		a.Header().Set("Location", location)
	})
}

// Instead answers with a JSON text, without processing.
func Instead(text string) Effect { return InsteadOf(http.StatusOK, text) }

// InsteadOf is Instead with a status.
func InsteadOf(status int, text string) Effect {
	return harness.Refuse(func(a *harness.Answer, _ *http.Request, _ []byte) {
		a.WriteHeader(status)
		a.Text("application/json; charset=UTF-8", text)
	})
}

// Damaged processes the request, and changes the first byte of a value on its
// way; the checksum stays.
func Damaged() Effect {
	return harness.Change(func(a *harness.Answer) {
		var said struct {
			Name    string         `json:"name"`
			Payload map[string]any `json:"payload"`
		}
		text, isText := "", false
		if json.Unmarshal(a.Bytes(), &said) == nil {
			text, isText = said.Payload["data"].(string)
		}
		data, err := base64.StdEncoding.DecodeString(text)
		if !isText || err != nil || len(data) == 0 {
			return
		}
		data[0] ^= 1
		said.Payload["data"] = base64.StdEncoding.EncodeToString(data)
		a.JSON("application/json", said)
	})
}

// code gives the name of google.rpc.Code for a status.
// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
func code(status int) string {
	known := map[int]string{
		http.StatusBadRequest: "INVALID_ARGUMENT", http.StatusUnauthorized: "UNAUTHENTICATED", http.StatusForbidden: "PERMISSION_DENIED",
		http.StatusNotFound: "NOT_FOUND", http.StatusConflict: "ABORTED", http.StatusTooManyRequests: "RESOURCE_EXHAUSTED",
		http.StatusInternalServerError: "INTERNAL", http.StatusServiceUnavailable: "UNAVAILABLE", http.StatusGatewayTimeout: "DEADLINE_EXCEEDED",
	}
	if name, ok := known[status]; ok {
		return name
	}
	return "UNKNOWN"
}
