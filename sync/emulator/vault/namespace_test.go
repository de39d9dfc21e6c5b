package vault_test

import (
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/vault"
)

// TestNamespaces puts a secret of the same path into three namespaces.
func TestNamespaces(t *testing.T) {
	c := start(t, vault.Options{})
	c.Put("kv", "web", fields{"IN": "root"})
	c.want(200, "GET", "/sys/health", "")
	// The community's server reads no header.
	if got := c.in("team/web").want(200, "GET", "/kv/data/web", ""); got.at(t, "data.data.IN") != "root" {
		t.Errorf("read %s", got.text)
	}

	inner := c.AddNamespace("team/web")
	inner.AddMount("kv", 2)
	inner.Put("kv", "web", fields{"IN": "team/web"})
	inner.AddPolicy("reader", vault.Allow("kv/data/*", "read"))
	inner.AddToken("inner", vault.Policies("reader"))
	inner.AddAppRole("approle", vault.AppRole{RoleID: "role", SecretID: "secret", Policies: []string{"reader"}})
	outer := c.AddNamespace("team")
	outer.AddMount("kv", 1)
	outer.Put("kv", "web", fields{"IN": "team"})
	outer.AddPolicy("inside", vault.Allow("web/kv/data/web", "read"))
	outer.AddToken("outer", vault.Policies("inside"))

	for _, test := range []struct {
		token, namespace, path string
		status                 int
		want                   string
	}{
		{root, "", "/kv/data/web", 200, "root"},
		{root, "team/web", "/kv/data/web", 200, "team/web"},
		{root, "/team/web/", "/kv/data/web", 200, "team/web"},
		{root, "team", "/web/kv/data/web", 200, "team/web"},
		{root, "", "/team/web/kv/data/web", 200, "team/web"},
		{root, "elsewhere", "/kv/data/web", 404, ""},
		{"inner", "team/web", "/kv/data/web", 200, "team/web"},
		{"inner", "", "/team/web/kv/data/web", 200, "team/web"},
		{"inner", "", "/kv/data/web", 403, ""},
		{"inner", "team", "/kv/web", 403, ""},
		{"outer", "team/web", "/kv/data/web", 200, "team/web"},
		{"outer", "team/web", "/kv/data/other", 403, ""},
		{"outer", "team", "/kv/web", 403, ""},
	} {
		got := c.as(test.token).in(test.namespace).want(test.status, "GET", test.path, "")
		if test.status == 200 && got.at(t, "data.data.IN") != test.want {
			t.Errorf("%s in %q of %s: %s", test.token, test.namespace, test.path, got.text)
		}
	}
	if got := c.in("team").want(200, "GET", "/kv/web", ""); got.at(t, "data.IN") != "team" {
		t.Errorf("read %s", got.text)
	}

	const login = `{"role_id":"role","secret_id":"secret"}`
	c.as("").want(403, "POST", "/auth/approle/login", login)
	token, _ := c.as("").in("team/web").want(200, "POST", "/auth/approle/login", login).at(t, "auth.client_token").(string)
	c.as(token).in("team/web").want(200, "GET", "/kv/data/web", "")
	c.as(token).want(403, "GET", "/auth/token/lookup-self", "")
	c.as(token).in("team/web").want(204, "POST", "/auth/token/revoke-self", "")
	if alive := c.Tokens(); len(alive) != 3 || alive[1].Namespace != "team/web" {
		t.Errorf("alive are %+v", alive)
	}
}
