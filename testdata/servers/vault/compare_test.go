package vault_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
)

// A pair is a real Vault and an emulated one that hold the same.
type pair struct {
	real      *server
	emulated  *emulator.Server
	address   string            // of the emulated one
	names     map[string]string // what a request's words with $ stand for at the real Vault
	atTheirs  map[string]string // and at the emulated one
	identity  *signer
	forgeries *signer // of the same issuer, with another key
}

const issuer = "https://ci.example"

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{real: start(t), emulated: emulator.New(emulator.Options{}), identity: newSigner(t, issuer), forgeries: newSigner(t, issuer)}
	served := httptest.NewServer(p.emulated)
	t.Cleanup(served.Close)
	p.address = served.URL
	p.emulated.Clock().Set(time.Now())
	p.emulated.AddMount("kv", 2)
	p.emulated.AddMount("team/kv", 2)
	p.emulated.AddMount("one", 1)
	p.names = map[string]string{"root": p.real.root, "wrong": "hvs.wrong"}
	p.atTheirs = map[string]string{"root": "root-token", "wrong": "hvs.wrong"}
	p.emulated.AddToken("root-token")
	p.policies()
	p.appRole()
	p.jwt(t)
	p.kubernetes(startCluster(t))
	return p
}

func (p *pair) policies() {
	for name, rules := range map[string]map[string][]string{
		"prod": {
			"kv/data/prod/*": {"read"}, "kv/data/prod/closed": {"deny"}, "kv/metadata/prod/*": {"read", "list"},
			"one/+/web": {"read"}, "team/kv/data/+/web": {"read"}, "kv/subkeys/*": {"read"},
		},
		"writer": {"kv/data/new/*": {"create"}, "kv/data/old/*": {"update", "read"}, "kv/data/prod/closed": {"read"}},
	} {
		p.real.policy(name, rules)
		var all []emulator.Rule
		for path, capabilities := range rules {
			all = append(all, emulator.Allow(path, capabilities...))
		}
		p.emulated.AddPolicy(name, all...)
	}
	for name, policies := range map[string][]string{"prod": {"prod"}, "writer": {"writer"}, "both": {"prod", "writer"}, "none": {}, "ended": {"prod"}, "spent": {"prod"}} {
		p.names[name] = p.real.token(append([]string{"default"}, policies...)...)
		p.atTheirs[name] = "token-" + name
		p.emulated.AddToken("token-"+name, emulator.Policies(policies...), emulator.Expires(p.emulated.Clock().Now().Add(time.Hour)))
	}
	p.names["bare"], _ = p.real.admin("POST", "auth/token/create", fields{"policies": []string{"prod"}, "ttl": "1h", "no_default_policy": true})["client_token"].(string)
	p.atTheirs["bare"] = "token-bare"
	p.emulated.AddToken("token-bare", emulator.Policies("prod"), emulator.WithoutDefault())
	p.real.admin("POST", "auth/token/revoke", fields{"token": p.names["ended"]})
	p.emulated.RevokeToken(p.atTheirs["ended"])
}

func (p *pair) appRole() {
	p.real.admin("POST", "sys/auth/approle", fields{"type": "approle"})
	p.real.admin("POST", "auth/approle/role/ci", fields{"token_policies": []string{"prod"}, "token_ttl": "10m", "secret_id_num_uses": 2})
	p.names["roleid"], _ = p.real.admin("GET", "auth/approle/role/ci/role-id", nil)["role_id"].(string)
	p.names["secretid"], _ = p.real.admin("POST", "auth/approle/role/ci/secret-id", nil)["secret_id"].(string)
	p.atTheirs["roleid"], p.atTheirs["secretid"] = "the-role-id", "the-secret-id"
	p.emulated.AddAppRole("approle", emulator.AppRole{Name: "ci", RoleID: "the-role-id", SecretID: "the-secret-id", Uses: 2, Policies: []string{"prod"}, TTL: 10 * time.Minute})
}

func (p *pair) jwt(t *testing.T) {
	t.Helper()
	public, err := x509.MarshalPKIXPublicKey(&p.identity.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	key := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	p.real.admin("POST", "sys/auth/jwt", fields{"type": "jwt"})
	p.real.admin("POST", "auth/jwt/config", fields{"jwt_validation_pubkeys": []string{key}, "bound_issuer": issuer})
	p.emulated.AddJWT("jwt", emulator.JWT{Keys: rsaKeys(p.identity), Issuer: issuer})
	for _, role := range []emulator.JWTRole{
		{Name: "ci", BoundAudiences: []string{"https://vault.example"}, BoundClaims: map[string][]string{"repository": {"acme/api"}}},
		{Name: "glob", BoundAudiences: []string{"https://vault.example"}, BoundClaims: map[string][]string{"repository": {"acme/*", "x*y*z"}}, Glob: true},
		{Name: "subject", BoundAudiences: []string{"other", "https://vault.example"}, BoundSubject: "repo:acme/api:environment:prod"},
		{Name: "anywhere", BoundClaims: map[string][]string{"repository": {"acme/api"}}},
	} {
		role.Policies, role.TTL = []string{"prod"}, 10*time.Minute
		p.emulated.AddJWTRole("jwt", role)
		kind := map[bool]string{true: "glob", false: "string"}[role.Glob]
		p.real.admin("POST", "auth/jwt/role/"+role.Name, fields{
			"role_type": "jwt", "user_claim": "sub", "bound_audiences": role.BoundAudiences, "bound_subject": role.BoundSubject,
			"bound_claims": role.BoundClaims, "bound_claims_type": kind, "token_policies": role.Policies, "token_ttl": "10m",
		})
	}
}

// same sends a request to both, and fails unless they answer alike.
func (p *pair) same(t *testing.T, token, method, path, body string) {
	t.Helper()
	stand := func(text string, names map[string]string) string {
		for name, value := range names {
			text = strings.ReplaceAll(text, "$"+name, value)
		}
		return text
	}
	theirs := send(t, p.real.address, p.names[token], method, stand(path, p.names), stand(body, p.names))
	ours := send(t, p.address, p.atTheirs[token], method, stand(path, p.atTheirs), stand(body, p.atTheirs))
	if theirs.status != ours.status {
		t.Errorf("%s %s as %q: Vault answers\n%d %s\nand the emulator\n%d %s", method, path, token, theirs.status, theirs.text, ours.status, ours.text)
		return
	}
	for _, header := range []string{"Content-Type", "Location", "Retry-After", "Cache-Control"} {
		if theirs.header.Get(header) != ours.header.Get(header) {
			t.Errorf("%s %s: %s is %q with Vault, %q with the emulator", method, path, header, theirs.header.Get(header), ours.header.Get(header))
		}
	}
	for _, difference := range differences("", parsed(t, theirs.text), parsed(t, ours.text)) {
		t.Errorf("%s %s as %q: %s", method, path, token, difference)
	}
}

// parsed reads an answer; what is no JSON is compared as text.
func parsed(t *testing.T, text string) any {
	t.Helper()
	var read any
	if json.Unmarshal([]byte(text), &read) != nil {
		return strings.TrimSpace(text)
	}
	return read
}
