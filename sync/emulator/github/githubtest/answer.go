package githubtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// answer checks the answer to the request of input.
func (v *validator) answer(input *openapi3filter.RequestValidationInput, got *recorder) error {
	text := got.body.Bytes()
	if err := v.headers(input, got); err != nil {
		return err
	}
	if got.status == http.StatusNoContent {
		if len(text) > 0 {
			return errors.New("a body where there is no content")
		}
	} else if err := isJSON(got.Header().Get("Content-Type"), text); err != nil {
		return err
	}
	if got.status >= 300 && input.Route.Operation.Responses.Status(got.status) == nil || got.status/100 == 3 {
		return v.refusal(got.status, text)
	}
	return openapi3filter.ValidateResponse(input.Request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: got.status, Header: got.Header(),
		Body: io.NopCloser(bytes.NewReader(text)), Options: input.Options,
	})
}

// headers checks what every answer has, and remembers where a redirect leads.
func (v *validator) headers(input *openapi3filter.RequestValidationInput, got *recorder) error {
	for _, name := range []string{"Date", "X-GitHub-Request-Id"} {
		if got.Header().Get(name) == "" {
			return fmt.Errorf("no header %s", name)
		}
	}
	if got.status/100 != 3 {
		return nil
	}
	to, err := url.Parse(got.Header().Get("Location"))
	if err != nil || to.Path == "" {
		return errors.New("a redirect without a Location")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.moved[to.EscapedPath()] = input.Request.URL.EscapedPath()
	return nil
}

// refusal checks an answer that refuses or redirects and that the operation
// does not list.
func (v *validator) refusal(status int, text []byte) error {
	schema := "basic-error"
	if status == http.StatusUnprocessableEntity {
		schema = "validation-error"
	}
	var body any
	if err := json.Unmarshal(text, &body); err != nil {
		return err
	}
	if err := v.described.schemas[schema].Value.VisitJSON(body); err != nil {
		return err
	}
	fields, ok := body.(map[string]any)
	if !ok || fields["message"] == nil || fields["documentation_url"] == nil {
		return errors.New("an error without message or documentation_url")
	}
	return nil
}

func isJSON(contentType string, text []byte) error {
	if contentType != "application/json; charset=utf-8" {
		return fmt.Errorf("content type %q", contentType)
	}
	if !json.Valid(text) {
		return errors.New("not JSON")
	}
	return nil
}
