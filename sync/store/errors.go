package store

import (
	"errors"
	"fmt"
	"time"
)

// The errors that a user can do something about. A provider wraps one of them
// in an [Error]; what cannot be told apart is ErrUnavailable.
var (
	ErrNotFound    = errors.New("not found")
	ErrNoField     = errors.New("no such field")
	ErrDenied      = errors.New("denied")
	ErrUnauthentic = errors.New("credential refused")
	ErrThrottled   = errors.New("throttled")
	ErrUnavailable = errors.New("unavailable")
	ErrConflict    = errors.New("conflict")
	ErrTooLarge    = errors.New("too large")
	ErrInvalid     = errors.New("refused as invalid")
	ErrHidden      = errors.New("hidden")
	ErrMoved       = errors.New("moved")
	ErrUnreadable  = errors.New("unreadable")
)

// An Error tells what was being done, to what, and how it ended. Its text is
// built from these fields and never from a server's body or an SDK's message,
// either of which may echo what it was sent.
type Error struct {
	Op         string // "list secrets", "read" …
	Ref        string // the reference, scope or name that it was about
	Kind       error  // one of the errors above
	Status     int    // HTTP status, where there was an answer
	RequestID  string // the server's own, for its support
	Detail     string // words of keyplumb's own, never the server's
	Hint       string // what to do next
	RetryAfter time.Duration
	Fields     []string // with ErrNoField: the names of the fields that are there
}

// Error gives one line: operation, reference, kind, detail, status, request id.
func (e *Error) Error() string {
	text := e.Op
	if e.Ref != "" {
		text += " " + e.Ref
	}
	text += ": " + e.Kind.Error()
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	switch {
	case e.Status != 0 && e.RequestID != "":
		text += fmt.Sprintf(" (HTTP %d, request %s)", e.Status, e.RequestID)
	case e.Status != 0:
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	return text
}

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Kind }

// Hint gives what to do next, as far as the error knows.
func Hint(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Hint
	}
	return ""
}
