package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// withApp adds an App, installed on acme, and returns its key.
func withApp(t *testing.T, c *client) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c.AddRepository("acme/web")
	c.AddApp(github.App{
		ID: 42, ClientID: "Iv1.42", Slug: "plumber", PublicKey: &key.PublicKey,
		Permissions: map[string]string{"metadata": "read", "secrets": "write", "environments": "read"},
	})
	c.InstallApp(42, "acme", "acme/api", "acme/web")
	c.bearer = sign(t, key, jwt.SigningMethodRS256, "42", c.Clock().Now(), -time.Minute, 9*time.Minute)
	address := c.want(200, "GET", "/repos/acme/api/installation", nil).fields["access_tokens_url"].(string)
	return key, strings.TrimPrefix(address, c.URL)
}

func sign(t *testing.T, key any, method jwt.SigningMethod, issuer string, now time.Time, from, to time.Duration) string {
	t.Helper()
	signed, err := jwt.NewWithClaims(method, jwt.RegisteredClaims{
		Issuer: issuer, IssuedAt: jwt.NewNumericDate(now.Add(from)), ExpiresAt: jwt.NewNumericDate(now.Add(to)),
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestAppJWT(t *testing.T) {
	c := start(t)
	key, _ := withApp(t, c)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now, minute := c.Clock().Now(), time.Minute
	rs := jwt.SigningMethodRS256
	tests := []struct {
		name, bearer string
		status       int
	}{
		{"by id", sign(t, key, rs, "42", now, -minute, 9*minute), 200},
		{"by client id", sign(t, key, rs, "Iv1.42", now, -minute, 9*minute), 200},
		{"another App", sign(t, key, rs, "43", now, -minute, 9*minute), 401},
		{"another key", sign(t, other, rs, "42", now, -minute, 9*minute), 401},
		{"another algorithm", sign(t, key, jwt.SigningMethodRS512, "42", now, -minute, 9*minute), 401},
		{"unsigned", sign(t, jwt.UnsafeAllowNoneSignatureType, jwt.SigningMethodNone, "42", now, -minute, 9*minute), 401},
		{"for too long", sign(t, key, rs, "42", now, -minute, 11*minute), 401},
		{"over", sign(t, key, rs, "42", now, -9*minute, -minute), 401},
		{"from the future", sign(t, key, rs, "42", now, 2*minute, 9*minute), 401},
		{"a token", bearer, 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			as := *c
			as.t, as.bearer = t, test.bearer
			as.want(test.status, "GET", "/app", nil)
		})
	}
}

func TestInstallationLookups(t *testing.T) {
	c := start(t)
	_, mint := withApp(t, c)
	for _, path := range []string{"/orgs/acme/installation", "/repos/acme/web/installation", strings.TrimSuffix(mint, "/access_tokens")} {
		if got := c.want(200, "GET", path, nil).fields; got["app_slug"] != "plumber" || got["repository_selection"] != "selected" {
			t.Errorf("%s: %v", path, got)
		}
	}
	c.want(200, "GET", "/app/installations", nil)
	c.want(404, "GET", "/orgs/nobody/installation", nil)
	c.want(404, "GET", "/users/acme/installation", nil)
	c.want(404, "POST", "/app/installations/1/access_tokens", nil)
}

func TestInstallationToken(t *testing.T) {
	c := start(t)
	_, mint := withApp(t, c)
	c.want(422, "POST", mint, map[string]any{"permissions": map[string]string{"secrets": "write", "issues": "read"}})
	c.want(422, "POST", mint, map[string]any{"permissions": map[string]string{"environments": "write"}})
	c.want(422, "POST", mint, map[string]any{"repositories": []string{"none"}})
	c.want(422, "POST", mint, map[string]any{"repository_ids": []int64{1}})
	got := c.want(201, "POST", mint, map[string]any{"repositories": []string{"api"}, "permissions": map[string]string{"secrets": "read"}}).fields
	if got["expires_at"] != "2026-01-02T04:04:05Z" || len(got["repositories"].([]any)) != 1 {
		t.Errorf("token: %v, %v", got["expires_at"], got["repositories"])
	}
	c.bearer = got["token"].(string)
	c.want(200, "GET", "/repos/acme/api/actions/secrets", nil)
	c.want(403, "DELETE", "/repos/acme/api/actions/secrets/X", nil)
	c.want(403, "GET", "/repos/acme/api/environments/prod/secrets", nil)
	c.want(404, "GET", "/repos/acme/web/actions/secrets", nil)
	if list := c.want(200, "GET", "/installation/repositories", nil).fields; list["total_count"] != 1.0 {
		t.Errorf("repositories: %v", list["total_count"])
	}
	c.want(204, "DELETE", "/installation/token", nil)
	c.want(401, "GET", "/repos/acme/api/actions/secrets", nil)
}

func TestInstallationTokenEnds(t *testing.T) {
	c := start(t)
	_, mint := withApp(t, c)
	c.bearer = c.want(201, "POST", mint, nil).fields["token"].(string)
	c.want(200, "GET", "/repos/acme/web/actions/secrets", nil)
	c.Clock().Advance(time.Hour)
	c.want(401, "GET", "/repos/acme/web/actions/secrets", nil)
}
