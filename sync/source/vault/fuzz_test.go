package vault_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

// FuzzAnswer: whatever a server answers to a read, a secret is missing only by
// an empty list of errors, or by the metadata of a version that is gone; and a
// field only of a secret that was read.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"errors": []}`, `{"errors": ["no handler for route"]}`, `{"errors": [{}]}`, `{"data": null, "warnings": ["x"]}`, `{}`, ``, `[]`, `null`, `{"auth": null}`,
		`{"data": {"KEY": "value"}}`, `{"data": {"data": {"KEY": 1e400}, "metadata": {"version": 1, "created_time": "x", "custom_metadata": {"owner": 1}}}}`,
		`{"data": {"data": null, "metadata": {"version": 2, "deletion_time": "2026-11-24T12:00:00Z"}}}`, `{"data": {"data": null, "metadata": {"version": 2, "destroyed": true}}}`,
	} {
		for _, status := range []int{200, 404} {
			f.Add(body, status, true)
			f.Add(body, status, false)
		}
	}
	f.Fuzz(func(t *testing.T, body string, status int, second bool) {
		if status != http.StatusOK {
			status = http.StatusNotFound
		}
		kv := 1
		if second {
			kv = 2
		}
		server := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body) // to a recorder
		})
		source := open(t, vault.Options{Address: "https://vault.example.com", Mount: "kv", KV: kv, Next: inMemory{server}, Auth: vault.Auth{Method: vault.Token, Token: secretOf("hvs.x")}})
		got := readOne(t.Context(), t, source, store.Reference{Path: "api", Field: "KEY"})
		if isAbsent(got.Err) && !mayBeAbsent([]byte(body), status, kv) {
			t.Errorf("%d %q: %v", status, body, got.Err)
		}
	})
}

// mayBeAbsent reads an answer a second time, and with other means.
func mayBeAbsent(body []byte, status, kv int) bool {
	var said struct {
		Errors []string
		Data   map[string]json.RawMessage
	}
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	var metadata struct {
		Destroyed bool
		Deleted   string `json:"deletion_time"`
	}
	switch {
	case status == http.StatusOK:
		return said.Data != nil
	case said.Data == nil:
		return said.Errors != nil && len(said.Errors) == 0
	}
	return kv == 2 && json.Unmarshal(said.Data["metadata"], &metadata) == nil && (metadata.Destroyed || metadata.Deleted != "")
}
