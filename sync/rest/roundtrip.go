package rest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// RoundTrip sends a request as often as it takes and may be done. A refusal
// for going too fast is waited out or becomes store.ErrThrottled, never an
// answer: an SDK would make something of its own of it.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := replayable(req)
	if err == nil {
		err = t.bound(req)
	}
	if err != nil {
		return nil, err
	}
	// A turn to write may be long in coming where there is a pace, and does
	// not count as time that the request took.
	if err := t.turn(req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), t.options.Deadline)
	defer cancel()
	patience := time.Now().Add(t.options.Patience)
	for failures := 0; ; {
		if err := t.held(ctx, req, patience); err != nil {
			return nil, t.failure(req, err)
		}
		resp, err := t.attempt(ctx, req, body)
		v := t.judge(req.Method, resp, err)
		t.limiter.heed(v.limit, !t.reads(req.Method))
		switch {
		case v.limit.refused: // and waited out at the loop's beginning
		case !v.again:
			return t.marked(resp, failures), t.failure(req, err)
		default:
			if failures++; failures == t.options.Attempts {
				return resp, t.failure(req, err)
			}
			if err := sleep(ctx, backoff(failures, v.wait)); err != nil {
				return nil, t.failure(req, err)
			}
		}
		if err := t.turn(req.WithContext(ctx)); err != nil {
			return nil, t.failure(req, err)
		}
	}
}

// repeated marks the answer to a write of which an earlier attempt failed, and
// so may have been carried out. No server's header of the name is passed on.
const repeated = "Keyplumb-Repeated"

func (t *Transport) marked(resp *http.Response, failures int) *http.Response {
	if resp == nil {
		return nil
	}
	resp.Header.Del(repeated)
	if failures > 0 && !t.reads(resp.Request.Method) {
		resp.Header.Set(repeated, "true")
	}
	return resp
}

// replayable reads a request's body so that it can be sent more than once.
func replayable(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close() //nolint:errcheck // read to its end; nothing hangs on closing it
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, &store.Error{Op: strings.ToLower(req.Method), Kind: store.ErrUnavailable, Detail: "the request could not be made up"}
	}
	return body, nil
}

// attempt sends a request once and reads the answer to its end.
func (t *Transport) attempt(ctx context.Context, req *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, t.options.Attempt)
	defer cancel()
	out := req.Clone(t.counted(ctx, req.Method))
	out.Body, out.GetBody = nil, nil
	if body != nil {
		// With GetBody Go itself sends again what a dead connection never took.
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		out.Body, _ = out.GetBody()
		out.ContentLength = int64(len(body))
	}
	if out.Header.Get("User-Agent") == "" && t.options.UserAgent != "" {
		out.Header.Set("User-Agent", t.options.UserAgent)
	}
	// Left to Go, compression is undone before the body is measured.
	if out.Header.Get("Accept-Encoding") != "identity" {
		out.Header.Del("Accept-Encoding")
	}
	resp, err := t.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	resp.Request = req
	if err := t.readBody(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// counted counts one request, and those that Go's transport sends of its own
// accord when it finds that a connection was dead.
func (t *Transport) counted(ctx context.Context, method string) context.Context {
	t.count(method)
	first := true
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if !first {
			t.count(method)
		}
		first = false
	}})
}

// sleep waits, or ends with the context.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
