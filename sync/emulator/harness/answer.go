package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// An Answer is what a request gets, whole before any of it is sent. It is an
// http.ResponseWriter.
type Answer struct {
	status int
	header http.Header
	body   bytes.Buffer
	drop   bool          // cut the connection without an answer
	cut    int           // if above 0, cut the connection after this many bytes of the body
	delay  time.Duration // wait before answering
}

func newAnswer() *Answer { return &Answer{status: http.StatusOK, header: http.Header{}} }

// Header returns the answer's header, to be changed.
func (a *Answer) Header() http.Header { return a.header }

// WriteHeader sets the answer's status.
func (a *Answer) WriteHeader(status int) { a.status = status }

// Write adds to the answer's body. It does not fail.
func (a *Answer) Write(chunk []byte) (int, error) { return a.body.Write(chunk) }

// Bytes returns the answer's body so far.
func (a *Answer) Bytes() []byte { return a.body.Bytes() }

// Text replaces the answer's body and its type.
func (a *Answer) Text(contentType, body string) {
	a.header.Set("Content-Type", contentType)
	a.body.Reset()
	a.body.WriteString(body)
}

// JSON replaces the answer's body by what body marshals to, which it must.
func (a *Answer) JSON(contentType string, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // an emulator's own structures marshal
	}
	a.Text(contentType, string(text))
}

// deliver sends the answer, or what is left of it.
func deliver(w http.ResponseWriter, r *http.Request, a *Answer) {
	if !pause(r, a.delay) {
		return
	}
	if a.drop {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", fmt.Sprint(a.body.Len()))
	}
	w.WriteHeader(a.status)
	if a.cut > 0 {
		cutShort(w, a)
	}
	_, _ = w.Write(a.body.Bytes()) // who hung up needs no answer
}

// cutShort sends a part of the answer's body and cuts the connection. What is
// not flushed would go down with the connection, status and all; an answer
// without a body has no part to send, and is lost whole.
func cutShort(w http.ResponseWriter, a *Answer) {
	if a.body.Len() > 0 {
		_, _ = w.Write(a.body.Bytes()[:min(a.cut, a.body.Len())])
		_ = http.NewResponseController(w).Flush() // who hung up needs no answer
	}
	panic(http.ErrAbortHandler)
}

// pause waits for d, and reports whether the client is still there.
func pause(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-r.Context().Done():
		return false
	}
}
