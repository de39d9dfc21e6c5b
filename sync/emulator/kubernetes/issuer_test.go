package kubernetes_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
)

// sign makes a token as RFC 7515 says.
func sign(t *testing.T, key *rsa.PrivateKey, algorithm string, claims map[string]any) string {
	t.Helper()
	part := func(body any) string {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := part(map[string]any{"alg": algorithm, "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestIssuer(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := start(t)
	c.AddIssuer(kubernetes.Issuer{URL: "https://ci.example", Audiences: []string{"cluster", "another"}, Keys: []*rsa.PublicKey{&key.PublicKey}, Prefix: "ci:", Required: map[string]string{"repository": "acme/api"}})
	c.AddIssuer(kubernetes.Issuer{URL: "https://names.example", Audiences: []string{"cluster"}, Keys: []*rsa.PublicKey{&key.PublicKey}, Username: "name"})
	c.Bind("prod", "ci:job", kubernetes.Role{Verbs: []string{"get"}})
	good := map[string]any{"iss": "https://ci.example", "aud": "cluster", "sub": "job", "repository": "acme/api", "exp": noon.Add(time.Minute).Unix(), "nbf": noon.Unix()}
	with := func(name string, value any) map[string]any {
		changed := maps.Clone(good)
		changed[name] = value
		return changed
	}
	for name, test := range map[string]struct {
		token  string
		status int
	}{
		"good":               {sign(t, key, "RS256", good), 200},
		"one of audiences":   {sign(t, key, "RS256", with("aud", []string{"x", "another"})), 200},
		"another subject":    {sign(t, key, "RS256", with("sub", "other")), 403},
		"another key":        {sign(t, other, "RS256", good), 401},
		"another algorithm":  {sign(t, key, "none", good), 401},
		"another audience":   {sign(t, key, "RS256", with("aud", "x")), 401},
		"no audience":        {sign(t, key, "RS256", with("aud", 5)), 401},
		"another issuer":     {sign(t, key, "RS256", with("iss", "https://other.example")), 401},
		"another repository": {sign(t, key, "RS256", with("repository", "acme/other")), 401},
		"over":               {sign(t, key, "RS256", with("exp", noon.Unix())), 401},
		"without an end":     {sign(t, key, "RS256", with("exp", nil)), 401},
		"too early":          {sign(t, key, "RS256", with("nbf", noon.Add(time.Second).Unix())), 401},
		"no subject":         {sign(t, key, "RS256", with("sub", nil)), 401},
		"by another name":    {sign(t, key, "RS256", map[string]any{"iss": "https://names.example", "aud": "cluster", "name": "ci:job", "exp": noon.Add(time.Minute).Unix()}), 200},
		"no parts":           {"a.b", 401},
		"no text":            {"a.b.c", 401},
	} {
		if got, err := c.try(test.token, "GET", api); err != nil || got.status != test.status {
			t.Errorf("%s: %v %d, want %d", name, err, got.status, test.status)
		}
	}
}
