package gcp_test

import (
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/source/gcp"
	"github.com/keyplumb/keyplumb/sync/store"
)

// FuzzAnswer: whatever a server answers to a read, there is a value only with
// its checksum, and a secret is missing only by Google's word on it.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"name": "projects/1/secrets/api/versions/1", "payload": {"data": "dmFsdWU=", "dataCrc32c": "1"}}`, `{"name": "projects/1/secrets/api/versions/1", "payload": {"dataCrc32c": "0"}}`,
		`{"name": "projects/1/secrets/web/versions/1", "payload": {"dataCrc32c": 0}}`, `{}`, ``, `[]`, `null`, `{"payload": null}`, `{"error": "not_found"}`, `{"error": {}}`,
		`{"error": {"code": 404, "status": "NOT_FOUND", "message": "Secret [projects/1/secrets/api] not found or has no versions."}}`,
		`{"error": {"code": 404, "status": "NOT_FOUND", "message": "Project not found."}}`, `{"error": {"status": 5, "message": {}}}`,
		`{"error": {"code": 400, "status": "FAILED_PRECONDITION", "message": "Secret Version [x] is in DESTROYED state."}}`,
	} {
		for _, status := range []int{200, 400, 403, 404} {
			f.Add(body, status)
		}
	}
	f.Fuzz(func(t *testing.T, body string, status int) {
		if status < 400 || status > 499 || status == http.StatusTooManyRequests {
			status = http.StatusOK
		}
		google := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/computeMetadata/"):
				w.Header().Set("Metadata-Flavor", "Google")
				_, _ = io.WriteString(w, `{"access_token": "x", "expires_in": 3600}`) // to a recorder
			case strings.HasSuffix(r.URL.Path, ":access"):
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			default:
				w.WriteHeader(http.StatusForbidden)
			}
		})
		got := readOne(t, open(t, gcp.Options{Project: "acme-prod", Next: inMemory{google}, Auth: gcp.Auth{Method: gcp.Default}}), store.Reference{Path: "api"})
		switch {
		case got.Err == nil && (status != http.StatusOK || !hasSum([]byte(body), got.Value.Reveal())):
			t.Errorf("%d %q: %q", status, body, got.Value.Reveal())
		case errors.Is(got.Err, store.ErrNotFound) && !mayBeMissing([]byte(body), status):
			t.Errorf("%d %q: %v", status, body, got.Err)
		case got.Err != nil && store.Hint(got.Err) == "":
			t.Errorf("%d %q: %v does not say what to do", status, body, got.Err)
		}
	})
}

// hasSum looks for a value's checksum among all that an answer holds, in any of
// the forms that JSON has for a number.
func hasSum(body, value []byte) bool {
	var said any
	return json.Unmarshal(body, &said) == nil && holds(said, float64(crc32.Checksum(value, crc32.MakeTable(crc32.Castagnoli))))
}

func holds(said any, number float64) bool {
	switch said := said.(type) {
	case float64:
		return said == number
	case string:
		parsed, err := strconv.ParseFloat(said, 64)
		return err == nil && parsed == number
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(said)), func(inner any) bool { return holds(inner, number) })
	case []any:
		return slices.ContainsFunc(said, func(inner any) bool { return holds(inner, number) })
	}
	return false
}

// mayBeMissing tells whether an answer has the words for it.
func mayBeMissing(body []byte, status int) bool {
	text := strings.ToLower(string(body))
	switch status {
	case http.StatusNotFound:
		return strings.Contains(text, "not_found") && strings.Contains(text, "secret ")
	case http.StatusBadRequest:
		return strings.Contains(text, "failed_precondition") && strings.Contains(text, "state")
	}
	return false
}
