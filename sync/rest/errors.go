package rest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// failure puts what went wrong on the way in keyplumb's words. The end of the
// caller's own context stays as it is.
func (t *Transport) failure(req *http.Request, err error) error {
	if err == nil {
		return nil
	}
	if cause := req.Context().Err(); cause != nil {
		return cause
	}
	if e, ok := errors.AsType[*store.Error](err); ok {
		return e
	}
	return &store.Error{
		Op: strings.ToLower(req.Method), Ref: t.base.Host, Kind: store.ErrUnavailable,
		Detail: detail(err),
	}
}

func detail(err error) string {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, errTooLong), errors.Is(err, errEncoding):
		return err.Error()
	case isDNS && dns.IsNotFound:
		return "no such host"
	case isDNS:
		return "the host's name could not be resolved"
	case isUntrusted(err):
		return "the server's certificate is not trusted, or it does not speak TLS 1.2 or later"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case neverSent(err):
		return "no connection"
	default:
		return "the connection broke before the answer was complete"
	}
}

// Failure makes the error for an operation: of what the client returned, or
// else of the answer's status. It is nil where there was no error and the
// status is a success. Neither a body nor a client's message is ever quoted.
func Failure(op, ref string, resp *http.Response, err error) error {
	if e, ok := errors.AsType[*store.Error](err); ok {
		named := *e
		named.Op, named.Ref = op, ref
		return &named
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return fmt.Errorf("%s %s: %w", op, ref, end)
		}
	}
	e := &store.Error{Op: op, Ref: ref, RequestID: RequestID(resp)}
	if resp != nil {
		e.Status, e.Kind = resp.StatusCode, statusKind(resp.StatusCode)
		e.Uncertain = resp.Header.Get(repeated) != ""
	}
	switch {
	case e.Kind != nil:
		return e
	case err == nil:
		return nil
	}
	e.Kind, e.Detail = store.ErrUnavailable, "the answer could not be read"
	return e
}

// statusKind gives what a status means to a user; nil for a success.
func statusKind(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return store.ErrMoved
	}
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return store.ErrInvalid
	case http.StatusUnauthorized:
		return store.ErrUnauthentic
	case http.StatusForbidden:
		return store.ErrDenied
	case http.StatusNotFound, http.StatusGone:
		return store.ErrNotFound
	case http.StatusConflict:
		return store.ErrConflict
	case http.StatusRequestEntityTooLarge:
		return store.ErrTooLarge
	case http.StatusTooManyRequests:
		return store.ErrThrottled
	default:
		return store.ErrUnavailable
	}
}

var requestID = regexp.MustCompile(`^[0-9A-Za-z:-]{1,64}$`)

// RequestID is the server's own name for a request, for its support; "" where
// it gave none that looks like one.
func RequestID(resp *http.Response) string {
	if resp == nil {
		return ""
	}
	id := firstHeader(resp, "X-Github-Request-Id", "X-Request-Id", "X-Amzn-Requestid", "X-Ms-Request-Id")
	if !requestID.MatchString(id) {
		return ""
	}
	return id
}
