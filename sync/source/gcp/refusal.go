package gcp

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A refusal is an answer that is no success. Its text is keyplumb's own.
type refusal struct {
	failed error  // of package store
	path   string // that was asked
	told   told
}

func (r *refusal) Error() string { return r.failed.Error() }
func (r *refusal) Unwrap() error { return r.failed }

// told is what a server said of the reason: to be matched, never shown.
type told struct {
	status  string   // google.rpc.Code by name, or the error of OAuth (RFC 6749 §5.2)
	reasons []string // of google.rpc.ErrorInfo
	text    string   // in lower case
}

// refusing turns what is no success into an error before a client of Google's
// sees it: theirs quote what the server said.
type refusing struct{ next http.RoundTripper }

func (r refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	failed := rest.Failure("ask", req.URL.Host, resp, nil)
	if failed == nil {
		return resp, nil
	}
	defer resp.Body.Close() //nolint:errcheck // there is no connection behind it
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, rest.Failure("ask", req.URL.Host, nil, err)
	}
	said := reasons(body)
	if e, ok := errors.AsType[*store.Error](failed); ok && errors.Is(e, store.ErrNotFound) && said.status == "" {
		// A proxy's, and no word on what is there.
		e.Kind, e.Detail = store.ErrUnavailable, "the answer could not be read"
	}
	return nil, &refusal{failed, req.URL.Path, said}
}

// reasons reads the body of an error, of an API (https://google.aip.dev/193) or
// of a token service (RFC 6749 §5.2).
func reasons(body []byte) told {
	var said struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	if json.Unmarshal(body, &said) != nil {
		return told{}
	}
	var code string
	if json.Unmarshal(said.Error, &code) == nil {
		return told{status: code, text: strings.ToLower(said.Description)}
	}
	var status struct {
		Status  string `json:"status"`
		Message string `json:"message"`
		Details []struct {
			Reason string `json:"reason"`
		} `json:"details"`
	}
	if json.Unmarshal(said.Error, &status) != nil {
		return told{}
	}
	t := told{status: status.Status, text: strings.ToLower(status.Message)}
	for _, detail := range status.Details {
		t.reasons = append(t.reasons, detail.Reason)
	}
	return t
}

// failure names an error by what was done, and tells what the server said.
func failure(op, ref string, err error) (*store.Error, told, error) {
	named := rest.Failure(op, ref, nil, err)
	e, ok := errors.AsType[*store.Error](named)
	if !ok {
		return nil, told{}, named // the context's end
	}
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		return e, told{}, e
	}
	return e, refused.told, e
}
