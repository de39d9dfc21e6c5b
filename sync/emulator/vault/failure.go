package vault

import (
	"fmt"
	"html"
	"net/http"
	"strings"
)

// A failure is an answer that Vault gives in place of a result.
type failure struct {
	status int
	body   any
	header http.Header
}

func (f *failure) Error() string { return fmt.Sprintf("%d %v", f.status, f.body) }

// refusal is a failure in the form that the API's page gives:
// https://developer.hashicorp.com/vault/api-docs#error-response
func refusal(status int, texts ...string) *failure {
	return &failure{status: status, body: map[string]any{"errors": append([]string{}, texts...)}}
}

// counted is a refusal whose texts are numbered in one, as Vault does where
// several things can be wrong at once.
func counted(status int, texts ...string) error {
	word := "errors"
	if len(texts) == 1 {
		word = "error"
	}
	return refusal(status, fmt.Sprintf("%d %s occurred:\n\t* %s\n\n", len(texts), word, strings.Join(texts, "\n\t* ")))
}

// absent is the failure of what is not there: 404 and no word more.
func absent() error { return refusal(http.StatusNotFound) }

// withoutToken is the failure of a request that has none.
func withoutToken() error { return refusal(http.StatusForbidden, "permission denied") }

// invalidToken is the failure of a token that is wrong, or has ended.
func invalidToken() error {
	return counted(http.StatusForbidden, "permission denied", "invalid token")
}

// denied is the failure of a token whose policies do not allow the request.
func denied() error { return counted(http.StatusForbidden, "permission denied") }

// noRoute is the failure of a path at which nothing is mounted.
func noRoute(path string) error {
	return refusal(http.StatusNotFound, fmt.Sprintf("no handler for route %q. route entry not found.", path))
}

// moved sends the client to another path.
func moved(method, to string) error {
	failed := &failure{status: http.StatusTemporaryRedirect, header: http.Header{"Location": {to}}}
	if method == http.MethodGet {
		failed.body = page{"text/html; charset=utf-8", "<a href=\"" + html.EscapeString(to) + "\">Temporary Redirect</a>.\n\n"}
	}
	return failed
}

func unsupported() error { return counted(http.StatusMethodNotAllowed, "unsupported operation") }
