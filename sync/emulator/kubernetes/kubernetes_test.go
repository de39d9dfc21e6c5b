package kubernetes_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
)

// A client sends requests to an emulator of its own.
type client struct {
	*kubernetes.Server
	t   *testing.T
	url string
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	reader = "token-of-the-reader"
	api    = "/api/v1/namespaces/prod/secrets/api"
)

// start gives an emulator with a user who may read the secret api of prod.
func start(t *testing.T) *client {
	t.Helper()
	clock := &kubernetes.Clock{}
	clock.Set(noon)
	server := kubernetes.New(kubernetes.Options{Clock: clock})
	server.AddToken(reader, kubernetes.User{Name: "reader"})
	server.Bind("prod", "reader", kubernetes.Role{Verbs: []string{"get"}, Names: []string{"api"}})
	server.Put("prod", "api", kubernetes.Secret{Data: kubernetes.Texts(map[string]string{"KEY": "value"})})
	listening := httptest.NewServer(server)
	t.Cleanup(func() {
		listening.CloseClientConnections() // ends requests that hang
		listening.Close()
	})
	return &client{Server: server, t: t, url: listening.URL}
}

// An answer, its body read.
type answer struct {
	status int
	header http.Header
	text   string
}

func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var read map[string]any
	if err := json.Unmarshal([]byte(a.text), &read); err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
	return read
}

func (c *client) try(token, method, path string, headers ...string) (answer, error) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(text)}, err
}

func (c *client) want(status int, token, method, path string, headers ...string) answer {
	c.t.Helper()
	got, err := c.try(token, method, path, headers...)
	if err != nil || got.status != status {
		c.t.Fatalf("%s %s %q as %q: %v %d %s, want %d", method, path, headers, token, err, got.status, got.text, status)
	}
	return got
}

func TestWho(t *testing.T) {
	c := start(t)
	c.AddTokenUntil("for-an-hour", kubernetes.User{Name: "reader"}, noon.Add(time.Hour))
	c.AddToken("of-the-group", kubernetes.User{Name: "jane", Groups: []string{"readers"}})
	c.BindGroup("prod", "readers", kubernetes.Role{Verbs: []string{"get", "list"}})
	c.AddToken("admin", kubernetes.User{Name: "admin"})
	c.Bind("", "admin", kubernetes.Role{Verbs: []string{"*"}, Resources: []string{"*"}})
	for _, step := range []struct {
		status              int
		token, method, path string
		headers             []string
	}{
		{status: 200, token: reader, path: api},
		{status: 200, token: "for-an-hour", path: api},
		{status: 200, token: "of-the-group", path: api},
		{status: 200, token: "of-the-group", path: "/api/v1/namespaces/prod/secrets"},
		{status: 401, token: "wrong", path: api},
		{status: 403, token: "", path: api},
		{status: 403, token: reader, path: "/api/v1/namespaces/prod/secrets/other"},
		{status: 403, token: reader, path: "/api/v1/namespaces/prod/secrets"},
		{status: 403, token: reader, path: "/api/v1/namespaces/dev/secrets/api"},
		{status: 403, token: reader, method: "DELETE", path: api},
		{status: 405, token: "admin", method: "DELETE", path: api},
		{status: 403, token: reader, path: "/version"},
		{status: 404, token: "admin", path: "/api/v1/namespaces/prod/secrets/none"},
		{status: 200, token: "admin", path: api, headers: []string{"Impersonate-User: reader"}},
		{status: 200, token: "admin", path: api, headers: []string{"Impersonate-User: somebody", "Impersonate-Group: readers"}},
		{status: 403, token: "admin", path: api, headers: []string{"Impersonate-User: somebody"}},
		{status: 403, token: reader, path: api, headers: []string{"Impersonate-User: admin"}},
		{status: 406, token: reader, path: api, headers: []string{"Accept: text/html"}},
	} {
		method := step.method
		if method == "" {
			method = "GET"
		}
		c.want(step.status, step.token, method, step.path, step.headers...)
	}
	if said := c.want(403, "", "GET", api).object(t)["message"]; said != `secrets "api" is forbidden: User "system:anonymous" cannot get resource "secrets" in API group "" in the namespace "prod"` {
		t.Errorf("of nobody it says %s", said)
	}
	c.Clock().Advance(2 * time.Hour)
	c.want(401, "for-an-hour", "GET", api)
	c.RevokeToken(reader)
	c.want(401, reader, "GET", api)
	c.Unbind("admin")
	c.want(403, "admin", "GET", api)
}

// TestObjects: what is written is told, by whom and when.
func TestObjects(t *testing.T) {
	c := start(t)
	metadata := func() map[string]any {
		t.Helper()
		whole := c.want(200, reader, "GET", api).object(t)
		part := c.want(200, reader, "GET", api, "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").object(t)
		if part["kind"] != "PartialObjectMetadata" || part["data"] != nil || whole["kind"] != "Secret" || whole["type"] != "Opaque" {
			t.Errorf("%v, %v", whole, part)
		}
		held, _ := part["metadata"].(map[string]any)
		return held
	}
	managers := func() map[string]string {
		got := map[string]string{}
		list, _ := metadata()["managedFields"].([]any)
		for _, each := range list {
			entry, _ := each.(map[string]any)
			fields, _ := json.Marshal(entry["fieldsV1"])
			name, _ := entry["manager"].(string)
			at, _ := entry["time"].(string)
			got[name] = at + " " + string(fields)
		}
		return got
	}
	first := metadata()
	c.Clock().Advance(time.Minute)
	c.Put("prod", "api", kubernetes.Secret{Data: kubernetes.Texts(map[string]string{"KEY": "value"}), Labels: map[string]string{"app": "web"}, Manager: "labels"})
	if got := managers(); got["labels"] != `2026-11-24T12:01:00Z {"f:metadata":{"f:labels":{".":{},"f:app":{}}}}` || !strings.HasPrefix(got["kubectl-create"], "2026-11-24T12:00:00Z ") {
		t.Errorf("%v", got)
	}
	if second := metadata(); second["uid"] != first["uid"] || second["resourceVersion"] == first["resourceVersion"] || second["creationTimestamp"] != first["creationTimestamp"] {
		t.Errorf("%v, then %v", first, second)
	}
	c.Clock().Advance(time.Minute)
	c.Put("prod", "api", kubernetes.Secret{Data: kubernetes.Texts(map[string]string{"KEY": "another", "MORE": "m"}), Manager: "second"})
	if got := managers(); got["second"] != `2026-11-24T12:02:00Z {"f:data":{".":{},"f:KEY":{},"f:MORE":{}}}` || strings.Contains(got["kubectl-create"], "f:KEY") || got["labels"] != "" {
		t.Errorf("%v", got)
	}
	c.Remove("prod", "api")
	c.want(404, reader, "GET", api)
	c.Put("prod", "api", kubernetes.Secret{})
	if again := metadata(); again["uid"] == first["uid"] {
		t.Error("what was made anew has the old uid")
	}
}

func TestWarnings(t *testing.T) {
	c := start(t)
	c.SetWarnings("old", "older")
	if got := c.want(200, reader, "GET", api).header["Warning"]; len(got) != 2 || got[0] != `299 - "old"` {
		t.Errorf("%q", got)
	}
}
