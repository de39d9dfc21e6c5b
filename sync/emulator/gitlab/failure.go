package gitlab

import (
	"fmt"
	"net/http"
	"strings"
)

// A failure is an answer that GitLab gives in place of a result. Its body is
// JSON, or text where it is a string.
type failure struct {
	status int
	body   any
	header http.Header
}

func (f *failure) Error() string { return fmt.Sprintf("%d %v", f.status, f.body) }

// message is the failure that GitLab's own code gives.
func message(status int, text string) error {
	return &failure{status: status, body: map[string]any{"message": text}}
}

func unauthorized() error { return message(http.StatusUnauthorized, "401 Unauthorized") }

func forbidden() error { return message(http.StatusForbidden, "403 Forbidden") }

func notFound(what string) error {
	return message(http.StatusNotFound, "404 "+what+" Not Found")
}

// ambiguous is the refusal to choose among variables of one key.
func ambiguous() error {
	return message(http.StatusConflict, "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'")
}

// badParameters is the failure of the layer that declares the parameters: one
// sentence for all of them.
func badParameters(problems []string) error {
	return &failure{status: http.StatusBadRequest, body: map[string]any{"error": strings.Join(problems, ", ")}}
}

// malformed is what GitLab answers to bytes that are no text.
func malformed() error { return &failure{status: http.StatusBadRequest, body: "Bad Request"} }

// bearerError is a failure in the form of RFC 6750.
func bearerError(status int, fields map[string]any) error {
	return &failure{status: status, body: fields}
}

// invalid collects what a model refuses, by attribute.
type invalid map[string][]string

func (i invalid) add(attribute, problem string) { i[attribute] = append(i[attribute], problem) }

// refusal is the answer to an invalid model, nil if there is nothing wrong.
func (i invalid) refusal() error {
	if len(i) == 0 {
		return nil
	}
	return &failure{status: http.StatusBadRequest, body: map[string]any{"message": i}}
}
