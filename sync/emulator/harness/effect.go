package harness

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// An Effect is what goes wrong: an answer in place of processing the request
// (before), or a change to its answer once it is processed (after).
type Effect struct {
	before func(a *Answer, r *http.Request, body []byte)
	after  func(*Answer)
}

// Refuse is an effect that answers without processing: as fill says.
func Refuse(fill func(a *Answer, r *http.Request, body []byte)) Effect {
	return Effect{before: fill}
}

// Change is an effect that processes the request, and then changes the answer.
func Change(change func(*Answer)) Effect { return Effect{after: change} }

// Slow delays the answer by d.
func Slow(d time.Duration) Effect {
	return Change(func(a *Answer) { a.delay = d })
}

// Hang never answers: it processes nothing, and waits until the client leaves.
func Hang() Effect {
	return Refuse(func(a *Answer, r *http.Request, _ []byte) {
		<-r.Context().Done()
		a.drop = true
	})
}

// DropBefore cuts the connection without processing the request.
func DropBefore() Effect {
	return Refuse(func(a *Answer, _ *http.Request, _ []byte) { a.drop = true })
}

// DropAfter processes the request and cuts the connection without an answer.
func DropAfter() Effect {
	return Change(func(a *Answer) { a.drop = true })
}

// Truncate processes the request and cuts the connection after half of the
// answer's body; an answer without a body is lost whole.
func Truncate() Effect {
	return Change(func(a *Answer) { a.cut = max(1, a.body.Len()/2) })
}

// Malformed processes the request and answers with a body that ends in the
// middle of its JSON.
func Malformed() Effect {
	return Change(func(a *Answer) { a.Text("application/json", string(a.Bytes()[:a.body.Len()/2])+`{"`) })
}

// Oversized processes the request and answers with JSON of about size bytes.
func Oversized(size int) Effect {
	return Change(func(a *Answer) { a.body.Write(bytes.Repeat([]byte(" "), size)) })
}

// Sent is all that a client sent, headers and body, as text: what a hostile or
// careless answer would echo.
func Sent(r *http.Request, body []byte) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s\n", r.Method, r.URL)
	for name, values := range r.Header {
		fmt.Fprintf(&text, "%s: %s\n", name, strings.Join(values, ", "))
	}
	fmt.Fprintf(&text, "\n%s", body)
	return text.String()
}
