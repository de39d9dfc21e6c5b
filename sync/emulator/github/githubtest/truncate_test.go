package githubtest

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// TestTruncatedBodyBegins: a client gets the status and a part of the body, so
// that what it has to cope with is not a connection that never answered.
func TestTruncatedBodyBegins(t *testing.T) {
	c := start(t)
	c.Inject(github.Fault{Effect: github.Truncate()})
	request, err := http.NewRequestWithContext(t.Context(), "GET", c.URL+listed, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.bearer)
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || response.StatusCode != 200 || len(text) == 0 {
		t.Errorf("status %d, %q, %v; want 200 with a part of a body", response.StatusCode, text, err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
}
