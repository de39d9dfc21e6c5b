package githubtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// A witness is a testing.TB that notes failures and does not fail.
type witness struct {
	testing.TB
	failures []string
}

func (w *witness) Helper() {}

func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

// exchange sends one request through a validator before next, and returns what
// the validator found wrong.
func exchange(t *testing.T, next http.Handler, method, target, body string) []string {
	t.Helper()
	seen := &witness{TB: t}
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+bearer)
	request.Header.Set("User-Agent", "test")
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	} else {
		request.Body, request.ContentLength = http.NoBody, 0
	}
	Validate(seen, next).ServeHTTP(httptest.NewRecorder(), request)
	return seen.failures
}

func emulator() *github.Server {
	server := github.New(github.Options{})
	server.AddRepository("acme/api")
	server.AddEnvironment("acme/api", "prod")
	server.AddToken(bearer)
	return server
}

func TestValidatorSeesBadRequests(t *testing.T) {
	const secrets = "/repos/acme/api/actions/secrets"
	tests := []struct{ name, method, target, body, want string }{
		{"fine", "GET", secrets + "?per_page=100", "", ""},
		{"fine below /api/v3", "GET", "/api/v3" + secrets, "", ""},
		{"environment with a slash", "GET", "/repos/acme/api/environments/a%2Fb", "", ""},
		{"unknown path", "GET", "/repos/acme/api/branches", "", "no matching operation"},
		{"undocumented alias", "GET", "/repositories/1296270/environments/prod/secrets", "", "no matching operation"},
		{"unknown method", "PATCH", secrets, "", "method not allowed"},
		{"unknown query", "GET", secrets + "?filter=x", "", `no query parameter "filter"`},
		{"query of another type", "GET", secrets + "?per_page=many", "", "per_page"},
		{"not base64", "PUT", secrets + "/X", `{"encrypted_value":"***","key_id":"1"}`, "encrypted_value"},
		{"no key", "PUT", secrets + "/X", `{"encrypted_value":"AAAA"}`, "key_id"},
		{"body where none belongs", "GET", secrets, `{}`, "body"},
		{"unknown field", "PUT", "/repos/acme/api/environments/prod", `{"colour":"red"}`, "colour"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := exchange(t, emulator(), test.method, test.target, test.body)
			expect(t, found, test.want)
		})
	}
}

func TestValidatorSeesBadAnswers(t *testing.T) {
	const good = `{"total_count":0,"secrets":[]}`
	tests := []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"fine", 200, good, ""},
		{"no total_count", 200, `{"secrets":[]}`, "total_count"},
		{"time of another form", 200, `{"total_count":1,"secrets":[{"name":"A","created_at":"yesterday","updated_at":"2020-01-10T14:59:22Z"}]}`, "created_at"},
		{"undocumented success", 201, `{}`, "status is not supported"},
		{"not JSON", 200, `{`, "not JSON"},
		{"fine refusal", 404, `{"message":"Not Found","documentation_url":"https://docs.github.com/rest"}`, ""},
		{"refusal without message", 404, `{"documentation_url":"https://docs.github.com/rest"}`, "without message"},
		{"redirect to nowhere", 301, `{"message":"Moved","documentation_url":"https://docs.github.com/rest"}`, "Location"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fake := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				w.Header().Set("Date", "Fri, 02 Jan 2026 03:04:05 GMT")
				w.Header().Set("X-GitHub-Request-Id", "1")
				w.WriteHeader(test.status)
				if _, err := w.Write([]byte(test.body)); err != nil {
					t.Error(err)
				}
			})
			expect(t, exchange(t, fake, "GET", "/repos/acme/api/actions/secrets", ""), test.want)
		})
	}
}

func TestInjectedFaultsAreExempt(t *testing.T) {
	server := emulator()
	server.Inject(github.Fault{Effect: github.Malformed()})
	expect(t, exchange(t, server, "GET", "/repos/acme/api/actions/secrets", ""), "")
	expect(t, exchange(t, server, "GET", "/repos/acme/api/actions/secrets?x=1", ""), `no query parameter "x"`)
}

// expect wants one failure that contains want, or none if want is empty.
func expect(t *testing.T, failures []string, want string) {
	t.Helper()
	if want == "" {
		if len(failures) > 0 {
			t.Errorf("failures: %q", failures)
		}
		return
	}
	if len(failures) != 1 || !strings.Contains(failures[0], want) {
		t.Errorf("failures: %q, want one with %q", failures, want)
	}
}
