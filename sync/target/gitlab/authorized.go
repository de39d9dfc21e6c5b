package gitlab

import (
	"net/http"
	"strings"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// authorized puts the token on each request. GitLab takes any access token as
// an OAuth one.
// https://docs.gitlab.com/api/rest/authentication/
type authorized struct {
	token secret.Value
	next  http.RoundTripper
}

func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	out := req.Clone(req.Context())
	out.Header.Del("Private-Token") // go-gitlab's own, which has nothing in it
	out.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(a.token.Reveal())))
	resp, err := a.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	resp.Request = req
	return resp, nil
}
