package ssm_test

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

// always is a server that has one answer to everything, without a network.
type always struct {
	status int
	body   string
}

func (a always) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r}, nil
}

// ask reads references from a server with one answer.
func ask(t *testing.T, from always, refs ...store.Reference) []store.Reading {
	t.Helper()
	known := server{url: "https://ssm.example.com", id: "key", secret: "of key"}
	o := known.options()
	o.Next = from
	return open(t, o).Read(t.Context(), refs)
}

// TestUnnumbered: a secret of Secrets Manager, seen through Parameter Store, is
// of no numbered version. The version before it is not the one that is there.
func TestUnnumbered(t *testing.T) {
	const path = "/aws/reference/secretsmanager/api"
	body := `{"Parameters": [{"Name": "` + path + `", "Type": "SecureString", "Value": "now", "Version": 0}], "InvalidParameters": []}`
	got := ask(t, always{http.StatusOK, body}, store.Reference{Path: path}, store.Reference{Path: path, Version: "previous"})
	wanted{ref: store.Reference{Path: path}, value: "now"}.judge(t, got[0])
	wanted{ref: store.Reference{Path: path, Version: "previous"}, kind: store.ErrInvalid, says: "kind: \"aws\""}.judge(t, got[1])
}

// FuzzAnswer: whatever a server answers, a parameter is missing only where the
// API's own list, or its own code, says so, and is read only where there is one
// of its name.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		``, `{}`, `[]`, `null`, `<html>`, `{"InvalidParameters": null}`, `{"InvalidParameters": ["api"]}`, `{"InvalidParameters": ["other"]}`, `{"InvalidParameters": ["api:1"]}`,
		`{"Parameters": [{"Name": "api", "Value": "{\"KEY\":1}", "Version": 1}]}`, `{"Parameters": [{"Name": "api", "Version": 2}]}`, `{"Parameters": [{"Name": "other", "Value": "x"}]}`,
		`{"Parameters": [{"Name": "api", "Selector": ":1", "Value": "x", "Version": -1, "LastModifiedDate": 1e300}]}`, `{"Parameters": [null], "InvalidParameters": [null]}`,
		`{"__type": "ParameterNotFound"}`, `{"__type": "com.amazonaws#ParameterVersionNotFound:x", "message": "api"}`, `{"__type": "NotFound"}`, `{"code": "ResourceNotFoundException"}`, `{"__type": "ThrottlingException"}`,
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
			refs := []store.Reference{{Path: "api", Field: "KEY"}, {Path: "api", Version: "previous"}, {Path: "api", Version: "1"}}
			for i, got := range ask(t, always{status, body}, refs...) {
				said := reread(body)
				switch {
				case got.Err == nil || errors.Is(got.Err, store.ErrNoField) || status == http.StatusOK && refs[i].Version == "previous" && errors.Is(got.Err, store.ErrNotFound):
					if status != http.StatusOK || !said.reads() && len(said.InvalidParameters) == 0 {
						t.Errorf("%d %q: %v: read", status, body, refs[i])
					}
				case errors.Is(got.Err, store.ErrNotFound):
					if listed := status == http.StatusOK && len(said.InvalidParameters) > 0; !listed && (status >= http.StatusInternalServerError || !strings.Contains(body, "NotFound")) {
						t.Errorf("%d %q: %v: %v", status, body, refs[i], got.Err)
					}
				}
			}
		})
	})
}

// An answered is an answer, read a second time and with other means.
type answered struct {
	Parameters        []struct{ Name, ARN, Value *string }
	InvalidParameters []*string
}

func reread(body string) (said answered) {
	_ = json.NewDecoder(strings.NewReader(body)).Decode(&said) // what is malformed says less
	return said
}

func (a answered) reads() bool {
	return slices.ContainsFunc(a.Parameters, func(p struct{ Name, ARN, Value *string }) bool { return p.Value != nil })
}
