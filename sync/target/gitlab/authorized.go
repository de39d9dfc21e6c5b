package gitlab

import (
	"net/http"
	"strings"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// authorized puts the token on each request, in the header that GitLab takes
// every kind of token in, and takes off each answer what the client would keep
// a clock of its own by.
// https://docs.gitlab.com/api/rest/authentication/
type authorized struct {
	token secret.Value
	next  http.RoundTripper
}

func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(a.token.Reveal())))
	resp, err := a.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	resp.Request = req
	for _, name := range []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Observed"} {
		resp.Header.Del(name)
	}
	return resp, nil
}
