package gitlab_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

// The project and the groups that every test has.
const (
	web       = "acme/apps/web"
	variables = "/projects/acme%2Fapps%2Fweb/variables"
	owner     = "token-of-an-administrator"
)

// A client sends requests to an emulator of its own.
type client struct {
	*gitlab.Server
	t     *testing.T
	url   string
	token string
}

func start(t *testing.T, options gitlab.Options) *client {
	t.Helper()
	server := gitlab.New(options)
	server.AddProject(web)
	server.AddToken(owner)
	listening := httptest.NewServer(server)
	t.Cleanup(func() {
		listening.CloseClientConnections() // ends requests that hang
		listening.Close()
	})
	return &client{Server: server, t: t, url: listening.URL, token: owner}
}

// as is the client with another token.
func (c *client) as(token string) *client {
	other := *c
	other.token = token
	return &other
}

// An answer, its body read.
type answer struct {
	status int
	header http.Header
	text   string
}

// fields reads the answer as a JSON object.
func (a answer) fields(t *testing.T) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(a.text), &fields); err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
	return fields
}

// do sends a request with a body as JSON, none if nil, and follows no redirect.
func (c *client) do(method, path string, body any) answer {
	c.t.Helper()
	if body == nil {
		return c.send(method, path, "", "")
	}
	text, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(method, path, "application/json", string(text))
}

func (c *client) send(method, path, contentType, body string) answer {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+"/api/v4"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		request.Header.Set("PRIVATE-TOKEN", c.token)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

// want is do, and requires the status.
func (c *client) want(status int, method, path string, body any) answer {
	c.t.Helper()
	got := c.do(method, path, body)
	if got.status != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, got.status, got.text, status)
	}
	return got
}

// fields is a body, or an object of an answer.
type fields = map[string]any
