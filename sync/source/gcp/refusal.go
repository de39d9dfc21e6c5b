package gcp

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
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
	oauth   bool     // it is OAuth's form, which no API has
	reasons []string // of google.rpc.ErrorInfo
	text    string   // in lower case
}

// has tells whether any of some words was said: a code or a reason as Google
// writes it, or a part of the text in lower case.
func (t told) has(words ...string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		return t.status == word || slices.Contains(t.reasons, word) || strings.Contains(t.text, word)
	})
}

// ofSecret tells whether it is a secret, or a version of it, that was not found:
// and not a page, a method or a project.
func (t told) ofSecret() bool {
	return t.status == "NOT_FOUND" && strings.HasPrefix(t.text, "secret ")
}

// refusing turns what is no success into an error before a client of Google's
// sees it: theirs quote what the server said. A redirect is no success, so that
// none is followed.
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
	if e, ok := errors.AsType[*store.Error](failed); ok && errors.Is(e, store.ErrNotFound) && (e.Status != http.StatusNotFound || !said.ofSecret()) {
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
		return told{status: code, oauth: true, text: strings.ToLower(said.Description)}
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

// failure names an error by what was done, and tells what the server said. Where
// there is nothing to be explained, the error is the other one.
func failure(op, ref string, err error) (e *store.Error, said told, other error) {
	if b, ok := errors.AsType[*barred](err); ok {
		return nil, told{}, b.err
	}
	named := rest.Failure(op, ref, nil, err)
	e, ok := errors.AsType[*store.Error](named)
	if !ok {
		return nil, told{}, named // that of the context
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		said = refused.told
	}
	return e, said, nil
}
