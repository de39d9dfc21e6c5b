package kubernetes_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// FuzzAnswer: whatever a server answers to a read, a secret is missing only by a
// Status that names it, and a value or the lack of a field comes only of the
// secret that was asked for.
func FuzzAnswer(f *testing.F) {
	const status, object = `{"kind":"Status","apiVersion":"v1","reason":"NotFound","details":`, `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"api","namespace":"dev","uid":"u","resourceVersion":"1"`
	for _, body := range []string{
		status + `{"name":"api","kind":"secrets"}}`, status + `{"name":"web","kind":"secrets"}}`, status + `null}`, status + `[]}`, `{}`, ``, `[]`, `null`,
		object + `},"data":{"KEY":"dmFsdWU="}}`, object + `},"data":null}`, object + `},"data":{"KEY":null}}`, object + `,"managedFields":[{"time":null,"fieldsV1":{"f:data":1}},{"time":"2026-11-24T12:00:00Z","fieldsV1":[]}]}}`,
	} {
		f.Add(body, 200)
		f.Add(body, 404)
	}
	f.Fuzz(func(t *testing.T, body string, status int) {
		if status != http.StatusOK {
			status = http.StatusNotFound
		}
		server := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body) // to a recorder
		})
		source := open(t, kubernetes.Options{Cluster: at("https://cluster.example", "token"), Next: inMemory{server}})
		got := readOne(t.Context(), t, source, store.Reference{Path: "dev/api", Field: "KEY"})
		_ = source.Describe(t.Context(), []store.Reference{{Path: "dev/api"}})
		var said struct {
			Kind, Reason string
			Details      struct{ Name, Kind string }
			Metadata     struct{ Name, Namespace string }
		}
		read := json.Unmarshal([]byte(body), &said) == nil
		if errors.Is(got.Err, store.ErrNotFound) && !(read && said.Kind == "Status" && said.Reason == "NotFound" && said.Details.Name == "api" && said.Details.Kind == "secrets") {
			t.Errorf("%d %q: %v", status, body, got.Err)
		}
		if of := got.Err == nil || errors.Is(got.Err, store.ErrNoField); of && !(status == 200 && said.Kind == "Secret" && said.Metadata.Name == "api" && said.Metadata.Namespace == "dev") {
			t.Errorf("%d %q: %v", status, body, got.Err)
		}
	})
}
