package githubtest

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"

	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// unchecked is a client of an emulator whose requests are not checked against
// the description, for requests that it does not allow.
func unchecked(t *testing.T) *client {
	t.Helper()
	server := emulator()
	listening := httptest.NewServer(server)
	t.Cleanup(listening.Close)
	return &client{t: t, Server: &Server{Server: server, URL: listening.URL}, bearer: bearer}
}

func TestRefusedSecrets(t *testing.T) {
	const base = "/repos/acme/api/actions/secrets"
	c := unchecked(t)
	good := c.seal(base, "value")
	tests := []struct {
		name, secret string
		body         any
		status       int
		message      string
	}{
		{"digit first", "1X", good, 422, "Must start with a letter"},
		{"hyphen", "A-B", good, 422, "alphanumeric"},
		{"GITHUB_", "github_x", good, 422, "GITHUB_"},
		{"no body", "X", nil, 400, "Problems parsing JSON"},
		{"array", "X", []int{}, 400, "JSON object"},
		{"nothing in it", "X", map[string]any{}, 422, `"encrypted_value", "key_id" weren't supplied`},
		{"no key", "X", map[string]any{"encrypted_value": good["encrypted_value"]}, 422, `"key_id" wasn't supplied`},
		{"wrong key", "X", map[string]any{"encrypted_value": good["encrypted_value"], "key_id": "1"}, 422, "improperly encrypted secret"},
		{"not base64", "X", map[string]any{"encrypted_value": "***", "key_id": good["key_id"]}, 422, "does not match /^"},
		{"not sealed", "X", map[string]any{"encrypted_value": "AAAA", "key_id": good["key_id"]}, 422, "improperly encrypted secret"},
		{"number", "X", map[string]any{"encrypted_value": 1, "key_id": good["key_id"]}, 422, "encrypted_value"},
		{"too large", "X", c.seal(base, strings.Repeat("x", 48*1024-47)), 422, "48 KB"},
		{"just fits", "X", c.seal(base, strings.Repeat("x", 48*1024-48)), 201, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := c.do("PUT", base+"/"+test.secret, test.body)
			message, _ := got.fields["message"].(string)
			if got.status != test.status || !strings.Contains(message, test.message) {
				t.Errorf("%d %q, want %d with %q", got.status, message, test.status, test.message)
			}
		})
	}
	if err := c.RotateKey(github.InRepository("acme/api")); err != nil {
		t.Fatal(err)
	}
	c.want(422, "PUT", base+"/X", good)
}

func TestNumbersAreLimited(t *testing.T) {
	c := unchecked(t)
	place := github.InEnvironment("acme/api", "prod")
	for i := range 100 {
		if err := c.SetSecret(place, fmt.Sprintf("S%d", i), "v"); err != nil {
			t.Fatal(err)
		}
	}
	const base = "/repos/acme/api/environments/prod/secrets"
	c.want(422, "PUT", base+"/ONE_MORE", c.seal(base, "v"))
	c.want(204, "PUT", base+"/S0", c.seal(base, "v"))
}

func TestOrganizationBodies(t *testing.T) {
	const base = "/orgs/acme/actions/secrets"
	c := unchecked(t)
	with := func(key string, value any) map[string]any {
		body := c.seal(base, "value")
		body["visibility"] = "all"
		body[key] = value
		return body
	}
	c.want(422, "PUT", base+"/X", c.seal(base, "value"))
	c.want(422, "PUT", base+"/X", with("visibility", "some"))
	c.want(422, "PUT", base+"/X", with("selected_repository_ids", []int{1}))
	c.want(422, "PUT", base+"/X", map[string]any{"visibility": "all"})
	c.want(201, "PUT", base+"/X", with("visibility", "private"))
	c.want(204, "PUT", base+"/X", map[string]any{"visibility": "all"})
	if got, _ := c.SecretValue(github.InOrganization("acme"), "X"); got != "value" {
		t.Errorf("a PUT without a value left %q", got)
	}
}

func TestSARIFAndSubject(t *testing.T) {
	c := start(t)
	const sub = "/repos/acme/api/actions/oidc/customization/sub"
	c.want(201, "PUT", sub, map[string]any{"use_default": false, "include_claim_keys": []string{"repo", "context"}})
	if got := c.want(200, "GET", sub, nil).fields; got["use_default"] != false || len(got["include_claim_keys"].([]any)) != 2 {
		t.Errorf("subject: %v", got)
	}
	c.want(201, "PUT", "/orgs/acme/actions/oidc/customization/sub", map[string]any{"include_claim_keys": []string{"repo"}})
	c.want(200, "GET", "/orgs/acme/actions/oidc/customization/sub", nil)
	report := map[string]any{"commit_sha": strings.Repeat("a", 40), "ref": "refs/heads/main", "sarif": "bm90IHppcHBlZA=="}
	c.want(400, "POST", "/repos/acme/api/code-scanning/sarifs", report)
	report["sarif"] = zipped(t, `{"version":"2.1.0","runs":[]}`)
	c.want(202, "POST", "/repos/acme/api/code-scanning/sarifs", report)
	c.want(200, "GET", "/orgs/acme/repos", nil)
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var raw bytes.Buffer
	to := gzip.NewWriter(&raw)
	if _, err := to.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(raw.Bytes())
}
