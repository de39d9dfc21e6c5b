package github

import (
	"context"
	"net/http"
	"strings"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// A bearer gives the token of the moment.
type bearer func(context.Context) (secret.Value, error)

func plainToken(token secret.Value) bearer {
	return func(context.Context) (secret.Value, error) { return token, nil }
}

// authorized puts the token on each request, and takes off each answer what
// go-github would keep a clock of its own by: the transport below has obeyed
// it already.
type authorized struct {
	bearer bearer
	next   http.RoundTripper
}

func (a *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := a.bearer(req.Context())
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as a RoundTripper must; there is nothing to lose
		}
		return nil, err
	}
	out := req.Clone(req.Context())
	out.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token.Reveal())))
	resp, err := a.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	resp.Request = req
	for _, name := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Ratelimit-Used"} {
		resp.Header.Del(name)
	}
	return resp, nil
}
