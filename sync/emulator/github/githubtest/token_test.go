package githubtest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

func TestTokens(t *testing.T) {
	c := start(t)
	c.AddRepository("acme/web")
	c.AddToken("reads", github.Permissions(map[string]string{"secrets": "read"}))
	c.AddToken("sees web", github.Repositories("acme/web"))
	c.AddToken("ends", github.Expires(c.Clock().Now().Add(time.Hour)))
	const secrets, variables = "/repos/acme/api/actions/secrets", "/repos/acme/api/actions/variables"
	tests := []struct {
		name, bearer, method, path string
		status                     int
		accepted                   string
	}{
		{"unknown", "nobody", "GET", secrets, 401, ""},
		{"granted", "reads", "GET", secrets, 200, "secrets=read"},
		{"level too low", "reads", "DELETE", secrets + "/X", 403, "secrets=write"},
		{"not granted", "reads", "GET", variables, 403, "actions_variables=read"},
		{"metadata is always granted", "reads", "GET", "/repos/acme/api", 200, "metadata=read"},
		{"seen", "sees web", "GET", "/repos/acme/web/actions/secrets", 200, "secrets=read"},
		{"not seen", "sees web", "GET", secrets, 404, ""},
		{"not there", bearer, "GET", "/repos/acme/none", 404, ""},
		{"not yet ended", "ends", "GET", secrets, 200, "secrets=read"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			as := *c
			as.t, as.bearer = t, test.bearer
			got := as.want(test.status, test.method, test.path, nil)
			if accepted := got.header.Get("X-Accepted-GitHub-Permissions"); accepted != test.accepted {
				t.Errorf("accepted permissions %q, want %q", accepted, test.accepted)
			}
			if got.status == 403 && got.fields["message"] != "Resource not accessible by integration" {
				t.Errorf("message %q", got.fields["message"])
			}
		})
	}
	c.Clock().Advance(time.Hour)
	c.bearer = "ends"
	c.want(401, "GET", secrets, nil)
}

func TestRateLimit(t *testing.T) {
	clock := &github.Clock{}
	clock.Set(time.Unix(1_800_000_000, 0))
	server := Start(t, github.Options{Clock: clock, RateLimit: 2})
	server.AddRepository("acme/api")
	server.AddToken(bearer)
	c := &client{t: t, Server: server, bearer: bearer}
	c.want(200, "GET", "/repos/acme/api", nil)
	last := c.want(200, "GET", "/repos/acme/api", nil)
	if last.header.Get("X-RateLimit-Remaining") != "0" || last.header.Get("X-RateLimit-Reset") != "1800003600" {
		t.Errorf("headers %v", last.header)
	}
	c.want(403, "GET", "/repos/acme/api", nil)
	if rate := c.want(200, "GET", "/rate_limit", nil).fields["rate"].(map[string]any); rate["used"] != 2.0 {
		t.Errorf("rate %v", rate)
	}
	clock.Advance(time.Hour)
	c.want(200, "GET", "/repos/acme/api", nil)
}

func TestClientsMustSayWhoTheyAre(t *testing.T) {
	c := start(t)
	for header, want := range map[string]int{"User-Agent": 403, "X-GitHub-Api-Version": 400, "Authorization": 401} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", c.URL+"/repos/acme/api", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "token "+bearer)
		value := ""
		if header == "X-GitHub-Api-Version" {
			value = "1999-01-01"
		}
		request.Header.Set(header, value)
		if got := c.send(request); got.status != want || strings.Contains(got.text, bearer) {
			t.Errorf("with %s %q: %d %s, want %d", header, value, got.status, got.text, want)
		}
	}
}
