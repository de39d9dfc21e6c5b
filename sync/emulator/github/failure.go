package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// A failure is an answer that GitHub gives in place of a result.
type failure struct {
	status  int
	message string
	details []detail
	header  http.Header
}

// A detail names a field that a validation refused.
type detail struct {
	Resource string `json:"resource,omitempty"`
	Field    string `json:"field,omitempty"`
	Code     string `json:"code"`
	Message  string `json:"message,omitempty"`
}

func (f *failure) Error() string { return fmt.Sprintf("%d %s", f.status, f.message) }

// MarshalJSON writes the body of the answer.
func (f *failure) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Message string   `json:"message"`
		Errors  []detail `json:"errors,omitempty"`
		Docs    string   `json:"documentation_url"`
		Status  string   `json:"status"`
	}{f.message, f.details, documentation, fmt.Sprint(f.status)})
}

const documentation = "https://docs.github.com/rest"

func notFound() error { return &failure{status: http.StatusNotFound, message: "Not Found"} }

func unauthorized(message string) error {
	return &failure{status: http.StatusUnauthorized, message: message}
}

func conflict(message string) error {
	return &failure{status: http.StatusConflict, message: message}
}

func unprocessable(format string, args ...any) error {
	return &failure{status: http.StatusUnprocessableEntity, message: fmt.Sprintf(format, args...)}
}

// missing is the refusal of a body that lacks the fields.
func missing(fields ...string) error {
	quoted := make([]string, len(fields))
	for i, field := range fields {
		quoted[i] = fmt.Sprintf("%q", field)
	}
	verb := "wasn't"
	if len(fields) > 1 {
		verb = "weren't"
	}
	return unprocessable("Invalid request.\n\n%s %s supplied.", strings.Join(quoted, ", "), verb)
}
