package github_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

func appKey(t *testing.T) (*rsa.PrivateKey, []byte) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

// minted is GitHub's answer: a token with so long to live, by a clock that is
// years away from ours.
func minted(token string, life time.Duration) reply {
	now := time.Date(2031, 5, 1, 12, 0, 0, 0, time.UTC)
	return reply{
		status: 201, header: map[string]string{"Date": now.Format("Mon, 02 Jan 2006 15:04:05 GMT")},
		body: fmt.Sprintf(`{"token":%q,"expires_at":%q}`, token, now.Add(life).Format(time.RFC3339)),
	}
}

const mint = "POST /app/installations/5/access_tokens"

func TestAppPermissions(t *testing.T) {
	key, encoded := appKey(t)
	tests := []struct {
		name    string
		options github.Options
		want    string
	}{
		{"environment", github.Options{}, `{"permissions":{"environments":"write","metadata":"read"},"repositories":["api"]}`},
		{"environment with variables", github.Options{Variables: true}, `{"permissions":{"environments":"write","metadata":"read"},"repositories":["api"]}`},
		{
			"environment that may be created", github.Options{Create: true},
			`{"permissions":{"actions":"read","administration":"write","environments":"write","metadata":"read"},"repositories":["api"]}`,
		},
		{"only to read", github.Options{ReadOnly: true, Variables: true}, `{"permissions":{"environments":"read","metadata":"read"},"repositories":["api"]}`},
		{
			"only to read, where an environment could be made", github.Options{ReadOnly: true, Create: true},
			`{"permissions":{"actions":"read","environments":"read","metadata":"read"},"repositories":["api"]}`,
		},
		{"Codespaces, whose list takes a write", github.Options{ReadOnly: true, ScopeKind: "repository", Store: "codespaces"}, `{"permissions":{"codespaces_secrets":"write","metadata":"read"},"repositories":["api"]}`},
		{"repository", github.Options{ScopeKind: "repository"}, `{"permissions":{"metadata":"read","secrets":"write"},"repositories":["api"]}`},
		{
			"repository with variables", github.Options{ScopeKind: "repository", Variables: true},
			`{"permissions":{"actions_variables":"write","metadata":"read","secrets":"write"},"repositories":["api"]}`,
		},
		{
			"Dependabot with a ledger", github.Options{ScopeKind: "repository", Store: "dependabot", Variables: true},
			`{"permissions":{"actions_variables":"write","dependabot_secrets":"write","metadata":"read"},"repositories":["api"]}`,
		},
		{"Codespaces", github.Options{ScopeKind: "repository", Store: "codespaces"}, `{"permissions":{"codespaces_secrets":"write","metadata":"read"},"repositories":["api"]}`},
		{
			"organization", github.Options{ScopeKind: "organization", Variables: true},
			`{"permissions":{"metadata":"read","organization_actions_variables":"write","organization_secrets":"write"}}`,
		},
		{
			"organization's Dependabot", github.Options{ScopeKind: "organization", Store: "dependabot"},
			`{"permissions":{"metadata":"read","organization_dependabot_secrets":"write"}}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, map[string][]reply{
				"GET /repos/acme/api/installation": {{status: 200, body: `{"id":5}`}},
				"GET /orgs/acme/installation":      {{status: 200, body: `{"id":5}`}},
				mint:                               {minted("first", time.Hour)},
			})
			test.options.App = &github.App{ID: "123", Key: secret.New(encoded)}
			target := s.open(t, test.options)
			scope := store.Scope("repository")
			switch test.options.ScopeKind {
			case "organization":
				scope = "organization"
			case "":
				scope = "environment:prod"
			}
			if _, err := target.ReadShard(t.Context(), scope, 1); err != nil {
				t.Fatal(err)
			}
			if got := s.last(mint).body; got != test.want {
				t.Errorf("asked for %s, want %s", got, test.want)
			}
			var claims jwt.RegisteredClaims
			if _, err := jwt.ParseWithClaims(s.last(mint).token, &claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil }); err != nil {
				t.Errorf("signed wrongly: %v", err)
			}
			if life := claims.ExpiresAt.Sub(claims.IssuedAt.Time); claims.Issuer != "123" || life != 10*time.Minute {
				t.Errorf("issued by %q for %v", claims.Issuer, life)
			}
		})
	}
}

func TestAppTokens(t *testing.T) {
	_, encoded := appKey(t)
	s := newServer(t, map[string][]reply{
		"GET /repos/acme/api/installation": {{status: 200, body: `{"id":5}`}},
		mint:                               {minted("first", time.Hour), minted("second", 4*time.Minute), minted("third", time.Hour)},
		"GET /repos/acme/api":              {{status: 200, body: found}},
		"DELETE /installation/token":       {{status: 204}},
	})
	spelt := strings.ReplaceAll(string(encoded), "\n", `\n`) // as environment variables often hold it
	target := s.open(t, github.Options{App: &github.App{ID: "123", Key: secret.New([]byte(spelt))}})
	read := func(want string) {
		t.Helper()
		_, _ = target.ReadShard(t.Context(), "environment:prod", 1)
		if got := s.last("GET " + env + "/variables/KEYPLUMB_LEDGER_ENV").token; got != want {
			t.Errorf("sent with %q, want %q", got, want)
		}
	}
	read("first")
	read("first") // it lives for an hour by GitHub's clock, whatever ours says
	if requests, writes := target.Requests(); requests != 2 || writes != 0 {
		t.Errorf("counted %d requests, %d writes: tokens are counted apart", requests, writes)
	}
	if err := target.Close(t.Context()); err != nil || s.last("DELETE /installation/token").token != "first" {
		t.Errorf("revoked: %v", err)
	}
	read("second")
	read("third") // the second had less than five minutes left
}

func TestAppRefusals(t *testing.T) {
	_, encoded := appKey(t)
	found := []reply{{status: 200, body: `{"id":5}`}}
	tests := []struct {
		name    string
		answers map[string][]reply
		want    error
		hint    string
	}{
		{"wrong key", map[string][]reply{"GET /repos/acme/api/installation": {{status: 401}}}, store.ErrUnauthentic, "the token is wrong"},
		{"not installed", nil, store.ErrNotFound, "install the GitHub App there"},
		{
			"permissions not granted", map[string][]reply{"GET /repos/acme/api/installation": found, mint: {{status: 422, body: `{"message":"canary"}`}}},
			store.ErrDenied, "give the GitHub App environments: write, metadata: read, and accept",
		},
		{"suspended", map[string][]reply{"GET /repos/acme/api/installation": found, mint: {{status: 403}}}, store.ErrDenied, ""},
		{"no token in the answer", map[string][]reply{"GET /repos/acme/api/installation": found, mint: {{status: 201, body: `{}`}}}, store.ErrUnavailable, ""},
		{"renamed", map[string][]reply{"GET /repos/acme/api/installation": {{status: 301}}}, store.ErrMoved, "change the name"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, test.answers)
			target := s.open(t, github.Options{App: &github.App{ID: "123", Key: secret.New(encoded)}})
			_, err := target.List(t.Context(), "environment:prod", secrets)
			if !errors.Is(err, test.want) || !strings.HasPrefix(store.Hint(err), test.hint) {
				t.Errorf("%v (%s)", err, store.Hint(err))
			}
			if requests, _ := target.Requests(); requests != 0 {
				t.Errorf("%d requests without a token", requests)
			}
			if err := target.Close(t.Context()); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}
