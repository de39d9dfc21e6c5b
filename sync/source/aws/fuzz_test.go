package aws_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/keyplumb/keyplumb/sync/store"
)

// FuzzAnswer: whatever a server answers to whatever it is asked, a secret is
// missing only where a code of the API's says so, of the secret itself or in a
// batch; and it is read only from an answer that has a value.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `[]`, `null`, `<html>`, `{"SecretString": null}`, `{"SecretString": "{\"KEY\":1e400}"}`, `{"SecretBinary": "!"}`, `{"SecretBinary": "AA==", "CreatedDate": 1e300}`,
		`{"SecretValues": [{"Name": "api", "SecretString": "x"}], "Errors": [{"SecretId": "web", "ErrorCode": "ResourceNotFoundException"}]}`,
		`{"SecretValues": [null], "Errors": [null], "NextToken": "again"}`, `{"Errors": [{"SecretId": "api", "ErrorCode": "NotFound"}, {"SecretId": "web", "ErrorCode": "AccessDeniedException"}]}`,
		`{"Errors": [{"SecretId": "api", "ErrorCode": "InvalidRequestException", "Message": "it was marked for deletion"}]}`, `{"SecretValues": [{"Name": "other", "SecretString": "x"}]}`,
		`{"__type": "ResourceNotFoundException"}`, `{"__type": "com.amazonaws#ResourceNotFoundException:x", "message": "staging label"}`, `{"__type": "NotFound"}`,
		`{"__type": "InvalidRequestException", "Message": "marked for deletion"}`, `{"__type": "InvalidRequestException", "DeletedDate": 1}`, `{"__type": "AccessDeniedException"}`, `{"code": "ThrottlingException"}`,
	} {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusInternalServerError} {
			f.Add(body, status)
		}
	}
	f.Fuzz(func(t *testing.T, body string, status int) {
		if !slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusInternalServerError}, status) {
			status = http.StatusOK
		}
		synctest.Test(t, func(t *testing.T) {
			known := server{url: "https://secretsmanager.example.com", id: "key", secret: "of key"}
			o := known.options()
			o.Next = inMemory{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body) // to a recorder
			})}
			refs := []store.Reference{{Path: "api", Field: "KEY"}, {Path: "web"}, {Path: "web", Version: "previous"}}
			for i, got := range open(t, o).Read(t.Context(), refs) {
				switch {
				case got.Err == nil || errors.Is(got.Err, store.ErrNoField):
					if status != http.StatusOK || !hasValue(body, refs[i].Path) {
						t.Errorf("%d %q: %v: read", status, body, refs[i])
					}
				case errors.Is(got.Err, store.ErrNotFound) && !mayBeMissing(body, status, refs[i]):
					t.Errorf("%d %q: %v: %v", status, body, refs[i], got.Err)
				}
			}
		})
	})
}

// hasValue reads an answer a second time, and with other means: a value that is
// asked for alone, or the one of a batch that has the name.
func hasValue(body, name string) bool {
	type value struct {
		Name                       string
		SecretString, SecretBinary *string
	}
	var said struct {
		value
		SecretValues []value
	}
	_ = json.NewDecoder(strings.NewReader(body)).Decode(&said) // what is malformed says less
	is := func(v value) bool { return v.SecretString != nil || v.SecretBinary != nil }
	return is(said.value) || slices.ContainsFunc(said.SecretValues, func(v value) bool { return v.Name == name && is(v) })
}

// mayBeMissing: the code is that of the whole answer, or, of a current version,
// the one that a batch has for the secret.
func mayBeMissing(body string, status int, ref store.Reference) bool {
	type entry struct{ SecretID, ErrorCode, Message string } // JSON names are matched without case
	var said struct {
		Type, Code, Message string
		Errors              []entry
	}
	_ = json.NewDecoder(strings.NewReader(strings.Replace(body, "__type", "type", 1))).Decode(&said) // what is malformed says less
	gone := func(code, message string) bool {
		return strings.Contains(code, "ResourceNotFoundException") || strings.Contains(code, "InvalidRequestException") && strings.Contains(strings.ToLower(message), "marked")
	}
	if status != http.StatusOK {
		return status < http.StatusInternalServerError && gone(said.Type+said.Code, said.Message)
	}
	return ref.Version == "" && slices.ContainsFunc(said.Errors, func(e entry) bool { return e.SecretID == ref.Path && gone(e.ErrorCode, e.Message) })
}
