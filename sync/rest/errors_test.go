package rest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

func TestFailure(t *testing.T) {
	for status, want := range map[int]error{
		200: nil, 201: nil, 204: nil,
		301: store.ErrMoved, 307: store.ErrMoved,
		400: store.ErrInvalid, 401: store.ErrUnauthentic, 403: store.ErrDenied, 404: store.ErrNotFound,
		409: store.ErrConflict, 410: store.ErrNotFound, 413: store.ErrTooLarge, 418: store.ErrUnavailable,
		422: store.ErrInvalid, 429: store.ErrThrottled, 500: store.ErrUnavailable, 503: store.ErrUnavailable,
	} {
		resp := &http.Response{StatusCode: status, Header: http.Header{"X-Github-Request-Id": {"AB:12"}}}
		err := rest.Failure("list secrets", "repository", resp, nil)
		if want == nil {
			if err != nil {
				t.Errorf("%d: %v", status, err)
			}
			continue
		}
		text := fmt.Sprintf("list secrets repository: %v (HTTP %d, request AB:12)", want, status)
		if !errors.Is(err, want) || err.Error() != text {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestFailureKeepsWhatIsKnown(t *testing.T) {
	inner := &store.Error{Op: "get", Kind: store.ErrThrottled, RetryAfter: 5, Hint: "wait"}
	err := rest.Failure("read", "x", nil, &url.Error{Op: "Get", URL: "https://h/secret", Err: inner})
	e, ok := errors.AsType[*store.Error](err)
	if !ok || e.Op != "read" || e.Ref != "x" || e.RetryAfter != 5 || e.Hint != "wait" || inner.Op != "get" {
		t.Errorf("%+v", e)
	}
	if err := rest.Failure("read", "x", nil, &url.Error{Err: context.Canceled}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	err = rest.Failure("read", "x", &http.Response{StatusCode: 200}, errors.New(`invalid character 'h' in "hunter2"`))
	if !errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestRequestIDs(t *testing.T) {
	for id, want := range map[string]string{
		"C0FE:12AB:3": "C0FE:12AB:3", "": "", "a b": "", strings.Repeat("x", 65): "", "line\nbreak": "", "<script>": "",
	} {
		if got := rest.RequestID(&http.Response{Header: http.Header{"X-Request-Id": {id}}}); got != want {
			t.Errorf("%q: %q", id, got)
		}
	}
}

func TestUntrustedServer(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	tr, err := rest.New(rest.Options{Base: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tr.Client().Get(server.URL)
	e, ok := errors.AsType[*store.Error](err)
	if !ok || !strings.Contains(e.Detail, "certificate") {
		t.Errorf("%v", err)
	}
	if requests, _ := tr.Requests(); requests != 1 {
		t.Errorf("tried %d times", requests)
	}
}
