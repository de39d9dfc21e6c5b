package vault_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/vault"
)

const root = "token-that-may-do-all"

// A client sends requests to an emulator of its own.
type client struct {
	*vault.Server
	t         *testing.T
	url       string
	token     string
	namespace string
}

func start(t *testing.T, options vault.Options) *client {
	t.Helper()
	server := vault.New(options)
	server.AddMount("kv", 2)
	server.AddMount("team/kv", 2)
	server.AddMount("one", 1)
	server.AddToken(root)
	listening := httptest.NewServer(server)
	t.Cleanup(func() {
		listening.CloseClientConnections() // ends requests that hang
		listening.Close()
	})
	return &client{Server: server, t: t, url: listening.URL, token: root}
}

// as is the client with another token.
func (c *client) as(token string) *client {
	other := *c
	other.token = token
	return &other
}

// in is the client with requests in a namespace.
func (c *client) in(namespace string) *client {
	other := *c
	other.namespace = namespace
	return &other
}

// An answer, its body read.
type answer struct {
	status int
	header http.Header
	text   string
}

// fields is an object of JSON.
type fields = map[string]any

// at finds what is deep inside the answer: "data.metadata.version".
func (a answer) at(t *testing.T, path string) any {
	t.Helper()
	var found any
	if err := json.Unmarshal([]byte(a.text), &found); err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
	for name := range strings.SplitSeq(path, ".") {
		object, ok := found.(fields)
		if !ok {
			t.Fatalf("no %s in %s", path, a.text)
		}
		found = object[name]
	}
	return found
}

// try sends a request, and follows no redirect.
func (c *client) try(method, path, body string) (answer, error) {
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+"/v1"+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if c.token != "" {
		request.Header.Set("X-Vault-Token", c.token)
	}
	if c.namespace != "" {
		request.Header.Set("X-Vault-Namespace", c.namespace)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // it has been read to its end
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text)}, err
}

// want sends a request, and requires the status.
func (c *client) want(status int, method, path, body string) answer {
	c.t.Helper()
	got, err := c.try(method, path, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	if got.status != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, got.status, got.text, status)
	}
	return got
}

func TestVersions(t *testing.T) {
	c := start(t, vault.Options{})
	for n := range 12 {
		if made := c.Put("kv", "prod/web", fields{"KEY": n}); made != n+1 {
			t.Fatalf("version %d, want %d", made, n+1)
		}
	}
	c.SetCustomMetadata("kv", "prod/web", map[string]string{"owner": "payments"})
	c.DeleteVersions("kv", "prod/web", 4, 5)
	c.UndeleteVersions("kv", "prod/web", 5)
	c.DestroyVersions("kv", "prod/web", 6)
	c.DeleteAt("kv", "prod/web", 7, c.Clock().Now().Add(-1))
	c.DeleteAt("kv", "prod/web", 8, c.Clock().Now().Add(1<<40))
	for _, test := range []struct {
		query  string
		status int
		value  any // 404 without metadata if nil
	}{
		{"", 200, 11.0}, {"?version=0", 200, 11.0}, {"?version=12", 200, 11.0}, {"?version=3", 200, 2.0},
		{"?version=2", 404, nil}, {"?version=13", 404, nil}, {"?version=x", 400, nil},
		{"?version=4", 404, "gone"}, {"?version=5", 200, 4.0}, {"?version=6", 404, "gone"}, {"?version=7", 404, "gone"}, {"?version=8", 200, 7.0},
	} {
		got := c.want(test.status, "GET", "/kv/data/prod/web"+test.query, "")
		switch test.value {
		case nil:
			got.at(t, "errors")
		case "gone":
			if got.at(t, "data.data") != nil || got.at(t, "data.metadata.created_time") == "" {
				t.Errorf("%s: %s", test.query, got.text)
			}
		default:
			if got.at(t, "data.data.KEY") != test.value || got.at(t, "data.metadata.custom_metadata.owner") != "payments" {
				t.Errorf("%s: %s", test.query, got.text)
			}
		}
	}
	got := c.want(200, "GET", "/kv/metadata/prod/web", "")
	if got.at(t, "data.oldest_version") != 3.0 || got.at(t, "data.current_version") != 12.0 || got.at(t, "data.versions.6.destroyed") != true {
		t.Errorf("metadata %s", got.text)
	}
}
