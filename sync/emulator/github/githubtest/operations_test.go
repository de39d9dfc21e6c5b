package githubtest

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// variablePart is a {parameter} of a documented path; 1 stands for any.
var variablePart = regexp.MustCompile(`\{[^}]+\}`)

// TestEveryOperationIsThere asks each operation of the description without a
// token. One that the emulator has says so (401); what is not there is 404.
func TestEveryOperationIsThere(t *testing.T) {
	described, err := describe()
	if err != nil {
		t.Fatal(err)
	}
	server := github.New(github.Options{})
	operations := 0
	for path, item := range described.paths.Map() {
		for method := range item.Operations() {
			operations++
			got := anonymous(server, method, variablePart.ReplaceAllString(path, "1"))
			if got.Code != http.StatusUnauthorized {
				t.Errorf("%s %s: status %d, want 401", method, path, got.Code)
			}
		}
	}
	if operations != 98 {
		t.Errorf("the description has %d operations, want 98", operations)
	}
	if got := anonymous(server, "GET", "/no/such/path"); got.Code != http.StatusNotFound {
		t.Errorf("an unknown path: status %d, want 404", got.Code)
	}
}

func anonymous(handler http.Handler, method, path string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(""))
	request.Header.Set("User-Agent", "test")
	got := httptest.NewRecorder()
	handler.ServeHTTP(got, request)
	return got
}
