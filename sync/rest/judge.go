package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// A verdict says what becomes of a request after one attempt.
type verdict struct {
	again bool          // try again: the store failed, and that is safe
	wait  time.Duration // what the failing store asked for; 0: it asked for nothing
	limit limit
}

// judge decides by the method and the outcome alone.
func (t *Transport) judge(method string, resp *http.Response, err error) verdict {
	if err != nil {
		return verdict{again: isPassing(err) && (t.repeats(method) || neverSent(err))}
	}
	v := verdict{limit: t.limitOf(resp)}
	if v.limit.refused {
		return v
	}
	wait, asked := retryAfter(resp)
	v.wait = wait
	switch resp.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		v.again = t.repeats(method)
	case http.StatusServiceUnavailable:
		// Who says when to come back has turned the request away.
		v.again = t.repeats(method) || asked
	}
	return v
}

// isPassing tells whether an error may be gone on another try.
func isPassing(err error) bool {
	if errors.Is(err, errTooLong) || errors.Is(err, errEncoding) || errors.Is(err, context.Canceled) {
		return false
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return false
	}
	return !isUntrusted(err)
}

// isUntrusted tells whether there was no agreement on TLS, or the server could
// not prove who it is.
func isUntrusted(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	// The handshake was given up by either side: no version in common, say.
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return true
	}
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// neverSent tells whether there was not even a connection.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// backoff is how long to wait after so many failures: what the store asked
// for, up to half a minute, else half a second to a second for each failure.
func backoff(failures int, asked time.Duration) time.Duration {
	if asked > 0 {
		return min(asked, 30*time.Second)
	}
	return retryablehttp.LinearJitterBackoff(500*time.Millisecond, time.Second, failures-1, nil)
}
