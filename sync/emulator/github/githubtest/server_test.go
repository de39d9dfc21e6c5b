package githubtest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"golang.org/x/crypto/nacl/box"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

const bearer = "a-token"

// start runs an emulator with a repository, an environment, an organization
// and an all-powerful token, at a fixed time.
func start(t *testing.T) *client {
	t.Helper()
	clock := &github.Clock{}
	clock.Set(time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC))
	server := Start(t, github.Options{Clock: clock})
	api := server.AddRepository("acme/api")
	server.AddEnvironment("acme/api", "prod")
	server.AddToken(bearer)
	return &client{t: t, Server: server, bearer: bearer, api: api}
}

// A client speaks HTTP and knows nothing of the API.
type client struct {
	t *testing.T
	*Server
	bearer string
	api    int64 // the id of acme/api
}

// An outcome is an answer with its body read.
type outcome struct {
	status int
	header http.Header
	text   string
	fields map[string]any
}

func (c *client) do(method, path string, body any) outcome {
	c.t.Helper()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.URL+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.bearer)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return c.send(request)
}

func (c *client) send(request *http.Request) outcome {
	c.t.Helper()
	keep := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := keep.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		c.t.Fatal(err)
	}
	got := outcome{status: response.StatusCode, header: response.Header, text: string(text)}
	if json.Unmarshal(text, &got.fields) != nil {
		got.fields = nil // an array, or nothing
	}
	return got
}

// want is do for a request whose status is known.
func (c *client) want(status int, method, path string, body any) outcome {
	c.t.Helper()
	got := c.do(method, path, body)
	if got.status != status {
		c.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got.status, status, got.text)
	}
	return got
}

// seal encrypts the value for the store at base, as the documentation says.
func (c *client) seal(base, value string) map[string]any {
	c.t.Helper()
	key := c.want(200, "GET", base+"/public-key", nil).fields
	raw, err := base64.StdEncoding.DecodeString(key["key"].(string))
	if err != nil || len(raw) != 32 {
		c.t.Fatalf("public key of %d bytes, %v", len(raw), err)
	}
	sealed, err := box.SealAnonymous(nil, []byte(value), (*[32]byte)(raw), rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	return map[string]any{"encrypted_value": base64.StdEncoding.EncodeToString(sealed), "key_id": key["key_id"]}
}
