package vault_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/vault"
)

func encode(t *testing.T, content any) string {
	t.Helper()
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// sign makes a JWT (RFC 7519), whatever its header says signed with RS256.
func sign(t *testing.T, key *rsa.PrivateKey, algorithm string, claims fields) string {
	t.Helper()
	signed := encode(t, fields{"alg": algorithm}) + "." + encode(t, claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func body(t *testing.T, content fields) string {
	t.Helper()
	text, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestJWTLogin(t *testing.T) {
	c := start(t, vault.Options{})
	c.Clock().Set(time.Unix(1_900_000_000, 0))
	key, other := newKey(t), newKey(t)
	c.AddJWT("jwt", vault.JWT{Keys: []*rsa.PublicKey{&key.PublicKey}, Issuer: "https://ci.example"})
	c.AddJWTRole("jwt", vault.JWTRole{Name: "ci", BoundAudiences: []string{"https://vault.example"}, TTL: time.Minute,
		BoundClaims: map[string][]string{"repository": {"acme/api", "acme/web"}, "ref": {"main"}}})
	c.AddJWTRole("jwt", vault.JWTRole{Name: "glob", BoundAudiences: []string{"https://vault.example"}, Glob: true,
		BoundSubject: "job", BoundClaims: map[string][]string{"repository": {"acme/*-prod"}}})
	good := fields{"iss": "https://ci.example", "aud": "https://vault.example", "sub": "job", "repository": "acme/api", "ref": "main",
		"iat": 1_900_000_000, "exp": 1_900_000_300}
	with := func(name string, value any) fields {
		changed := maps.Clone(good)
		changed[name] = value
		return changed
	}
	for _, test := range []struct {
		name, role, token string
		words             string // of the refusal; "": it is let in
	}{
		{"good", "ci", sign(t, key, "RS256", good), ""},
		{"second of the bound values", "ci", sign(t, key, "RS256", with("repository", "acme/web")), ""},
		{"list with a bound value", "ci", sign(t, key, "RS256", with("ref", []string{"x", "main"})), ""},
		{"list of audiences", "ci", sign(t, key, "RS256", with("aud", []string{"x", "https://vault.example"})), ""},
		{"other repository", "ci", sign(t, key, "RS256", with("repository", "acme/other")), `claim "repository" does not match`},
		{"no text", "ci", sign(t, key, "RS256", with("ref", 5)), `claim "ref" does not match`},
		{"glob that is none", "ci", sign(t, key, "RS256", with("repository", "acme/*")), `claim "repository" does not match`},
		{"glob", "glob", sign(t, key, "RS256", with("repository", "acme/api-prod")), ""},
		{"glob that does not match", "glob", sign(t, key, "RS256", with("repository", "acme/api-prod2")), "does not match"},
		{"other subject", "glob", sign(t, key, "RS256", with("sub", "else")), "invalid subject"},
		{"other audience", "ci", sign(t, key, "RS256", with("aud", "https://elsewhere.example")), "invalid audience"},
		{"other issuer", "ci", sign(t, key, "RS256", with("iss", "https://elsewhere.example")), "invalid issuer"},
		{"run out", "ci", sign(t, key, "RS256", with("exp", 1_899_999_000)), "token is expired"},
		{"not yet", "ci", sign(t, key, "RS256", with("nbf", 1_900_001_000)), "not yet valid"},
		{"from the future", "ci", sign(t, key, "RS256", with("iat", 1_900_001_000)), "in the future"},
		{"other key", "ci", sign(t, other, "RS256", good), "signature"},
		{"no algorithm", "ci", sign(t, key, "none", good), "signature"},
		{"symmetric algorithm", "ci", sign(t, key, "HS256", good), "signature"},
		{"no JWT", "ci", "abc", "three parts"},
		{"no role", "", sign(t, key, "RS256", good), "missing role"},
		{"unknown role", "none", sign(t, key, "RS256", good), "could not be found"},
		{"no token", "ci", "", "missing token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sent, status, before := body(t, fields{"role": test.role, "jwt": test.token}), 200, len(c.Tokens())
			if test.words != "" {
				status = 400
			}
			got := c.as("").want(status, "POST", "/auth/jwt/login", sent)
			if !strings.Contains(strings.ReplaceAll(got.text, `\"`, `"`), test.words) {
				t.Errorf("%s, want %q", got.text, test.words)
			}
			if made := len(c.Tokens()) - before; made == 1 != (test.words == "") {
				t.Errorf("%d tokens were made", made)
			}
		})
	}
}

func TestAppRoleLogin(t *testing.T) {
	c := start(t, vault.Options{})
	c.AddAppRole("roles", vault.AppRole{Name: "ci", RoleID: "role", SecretID: "secret", Uses: 1, Policies: []string{"prod"}, TTL: time.Minute})
	login := c.as("")
	login.want(400, "POST", "/auth/roles/login", `{"role_id":"role","secret_id":"wrong"}`)
	login.want(400, "POST", "/auth/roles/login", `{"role_id":"wrong","secret_id":"secret"}`)
	login.want(400, "POST", "/auth/roles/login", `{"role_id":"role"}`)
	login.want(403, "POST", "/auth/approle/login", `{"role_id":"role","secret_id":"secret"}`)
	got := login.want(200, "POST", "/auth/roles/login", `{"role_id":"role","secret_id":"secret"}`)
	if got.at(t, "auth.lease_duration") != 60.0 || got.at(t, "auth.metadata.role_name") != "ci" || got.at(t, "data") != nil {
		t.Errorf("login %s", got.text)
	}
	token, _ := got.at(t, "auth.client_token").(string)
	c.as(token).want(200, "GET", "/auth/token/lookup-self", "")
	login.want(400, "POST", "/auth/roles/login", `{"role_id":"role","secret_id":"secret"}`)
	if alive := c.Tokens(); len(alive) != 2 || alive[1].Path != "auth/roles/login" || alive[1].Value != token {
		t.Errorf("alive are %+v", alive)
	}
	c.as(token).want(204, "POST", "/auth/token/revoke-self", "")
	c.as(token).want(403, "GET", "/auth/token/lookup-self", "")
}

func TestKubernetesLogin(t *testing.T) {
	c := start(t, vault.Options{})
	c.AddKubernetes("kubernetes",
		vault.ServiceAccount{Token: "of-ci", Namespace: "build", Name: "ci", Audiences: []string{"vault"}},
		vault.ServiceAccount{Token: "of-the-past", Namespace: "build", Name: "ci", Gone: true},
		vault.ServiceAccount{Token: "of-web", Namespace: "web", Name: "web"})
	c.AddKubernetesRole("kubernetes", vault.KubernetesRole{Name: "ci", Names: []string{"ci"}, Namespaces: []string{"*"}, Audience: "vault"})
	c.AddKubernetesRole("kubernetes", vault.KubernetesRole{Name: "open", Names: []string{"*"}, Namespaces: []string{"build"}})
	c.AddKubernetesRole("kubernetes", vault.KubernetesRole{Name: "named", Names: []string{"ci"}, Namespaces: []string{"web"}})
	for _, test := range []struct {
		role, token string
		status      int
	}{
		{"ci", "of-ci", 200}, {"open", "of-ci", 200}, {"ci", "of-web", 403}, {"open", "of-web", 403}, {"named", "of-web", 403},
		{"ci", "unknown", 403}, {"open", "of-the-past", 403}, {"none", "of-ci", 400}, {"", "of-ci", 400}, {"ci", "", 400},
	} {
		c.as("").want(test.status, "POST", "/auth/kubernetes/login", body(t, fields{"role": test.role, "jwt": test.token}))
	}
}
