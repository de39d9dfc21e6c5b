package gcp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"

	"google.golang.org/genproto/googleapis/rpc/code"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"
)

// enveloped puts a google.rpc.Status, which is what the transcoder answers with
// in place of a result, into the form that Google's front end gives it.
// https://google.aip.dev/193#http11json-representation
func enveloped(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorded := httptest.NewRecorder()
		h.ServeHTTP(recorded, r)
		body := recorded.Body.Bytes()
		var said rpc.Status
		if recorded.Code >= 400 && protojson.Unmarshal(body, &said) == nil {
			var details struct {
				Details json.RawMessage `json:"details,omitempty"`
			}
			_ = json.Unmarshal(body, &details) // it was read before
			body, _ = json.Marshal(map[string]any{"error": map[string]any{
				"code": recorded.Code, "message": said.GetMessage(), "status": code.Code(said.GetCode()).String(), "details": details.Details,
			}})
			recorded.Header().Del("Content-Length")
		}
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(body) // who hung up needs no answer
	})
}
