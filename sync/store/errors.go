package store

import (
	"errors"
	"fmt"
	"time"
)

// The errors that a user can do something about. A provider wraps one of them
// in an [Error]; what cannot be told apart is ErrUnavailable.
var (
	ErrNotFound    = errors.New("not found")          // it is not there, or not for this credential to see
	ErrNoField     = errors.New("no such field")      // the secret is there, and has no such field
	ErrDenied      = errors.New("denied")             // the credential is good, and not good for this; or a guard of keyplumb's own refuses
	ErrUnauthentic = errors.New("credential refused") // there is none, or it is wrong or has run out
	ErrThrottled   = errors.New("throttled")          // the store asks for a longer wait than keyplumb's patience
	ErrUnavailable = errors.New("unavailable")        // the store was not reached, or failed
	ErrConflict    = errors.New("conflict")           // somebody else is writing the same
	ErrTooLarge    = errors.New("too large")          // a value, a file or an answer is over a limit
	ErrInvalid     = errors.New("refused as invalid") // no repetition would change the answer
	ErrMoved       = errors.New("moved")              // it has another name or address by now
	ErrUnreadable  = errors.New("unreadable")         // what was read is malformed, damaged, or encrypted for others
)

// ErrNoFile is a file source whose file is not there: unlike a secret that a
// vault does not have, that is a source which cannot be read.
var ErrNoFile = fmt.Errorf("%w: no such file", ErrNotFound)

// ErrUnmaskable is a value that the store cannot hide in the logs of jobs, as
// the policy asks.
var ErrUnmaskable = fmt.Errorf("%w: it cannot be masked", ErrInvalid)

// An Error tells what was being done, to what, and how it ended. Its text is
// built from these fields and never from a server's body or an SDK's message,
// either of which may echo what it was sent.
type Error struct {
	Op         string        // "list secrets", "read" …
	Ref        string        // the reference, scope or name that it was about
	Kind       error         // one of the errors above
	Status     int           // HTTP status, where there was an answer
	RequestID  string        // the server's own, for its support
	Detail     string        // words of keyplumb's own, never the server's
	Hint       string        // what to do next
	RetryAfter time.Duration // with ErrThrottled: how long the store asks to wait; zero where it does not say
	Fields     []string      // with ErrNoField: the names of the fields that are there
	Uncertain  bool          // an earlier attempt at the same write may have been carried out
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

// Reason says in a few words why, without the operation and the reference: for
// where those are told anyway.
func Reason(err error) string {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return ErrUnavailable.Error()
	case e.Detail != "":
		return e.Kind.Error() + ": " + e.Detail
	default:
		return e.Kind.Error()
	}
}

// Hint gives what to do next, as far as the error knows.
func Hint(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Hint
	}
	return ""
}
