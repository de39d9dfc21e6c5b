package vault_test

import (
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/vault"
)

// TestPolicies reads one path under policies that match it: those of
// https://developer.hashicorp.com/vault/docs/concepts/policies#priority-matching
func TestPolicies(t *testing.T) {
	const read, deny = "read", "deny"
	for _, test := range []struct {
		name  string
		rules []vault.Rule
		want  int
	}{
		{"none", nil, 403},
		{"exact", []vault.Rule{vault.Allow("kv/data/prod/web", read)}, 200},
		{"exact, of another", []vault.Rule{vault.Allow("kv/data/prod/we", read)}, 403},
		{"folder without *", []vault.Rule{vault.Allow("kv/data/prod/", read)}, 403},
		{"*", []vault.Rule{vault.Allow("kv/data/*", read)}, 200},
		{"* within a segment", []vault.Rule{vault.Allow("kv/data/prod/w*", read)}, 200},
		{"* after more", []vault.Rule{vault.Allow("kv/data/prod/web/*", read)}, 403},
		{"* not at the end", []vault.Rule{vault.Allow("kv/*/web", read)}, 403},
		{"+", []vault.Rule{vault.Allow("kv/data/+/web", read)}, 200},
		{"+ is one segment", []vault.Rule{vault.Allow("kv/+/web", read)}, 403},
		{"+ and *", []vault.Rule{vault.Allow("+/data/+/*", read)}, 200},
		{"other capability", []vault.Rule{vault.Allow("kv/data/prod/web", "list", "update")}, 403},
		{"deny with others", []vault.Rule{vault.Allow("kv/data/*", read, deny)}, 403},
		{"deny of the same path", []vault.Rule{vault.Allow("kv/data/*", read), vault.Allow("kv/data/*", deny)}, 403},
		{"both of the same path", []vault.Rule{vault.Allow("kv/data/*", "list"), vault.Allow("kv/data/*", read)}, 200},
		{"deny that is more exact", []vault.Rule{vault.Allow("kv/data/*", read), vault.Allow("kv/data/prod/*", deny)}, 403},
		{"deny that is less exact", []vault.Rule{vault.Allow("kv/data/*", deny), vault.Allow("kv/data/prod/web", read)}, 200},
		{"more exact, and less", []vault.Rule{vault.Allow("kv/data/*", read), vault.Allow("kv/data/prod/web", "list")}, 403},
		{"+ goes after no wildcard that far", []vault.Rule{vault.Allow("kv/+/prod/web", deny), vault.Allow("kv/data/+/web", read)}, 200},
		{"* goes after +", []vault.Rule{vault.Allow("kv/data/*", deny), vault.Allow("kv/data/+/web", read)}, 200},
		{"fewer +", []vault.Rule{vault.Allow("kv/data/+/+", deny), vault.Allow("kv/data/+/web", read)}, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := start(t, vault.Options{})
			c.Put("kv", "prod/web", fields{"KEY": "value"})
			c.AddPolicy("first", test.rules...)
			c.AddToken("limited", vault.Policies("first", "not-there"))
			c.as("limited").want(test.want, "GET", "/kv/data/prod/web", "")
		})
	}
}

func TestTokens(t *testing.T) {
	c := start(t, vault.Options{})
	c.Clock().Set(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	c.Put("kv", "prod/web", fields{"KEY": "value"})
	c.AddPolicy("prod", vault.Allow("kv/data/prod/*", "read"))
	c.AddToken("brief", vault.Policies("prod"), vault.Expires(c.Clock().Now().Add(time.Hour)))
	c.AddToken("bare", vault.Policies("prod"), vault.WithoutDefault())
	brief, bare := c.as("brief"), c.as("bare")
	got := brief.want(200, "GET", "/auth/token/lookup-self", "")
	if got.at(t, "data.ttl") != 3600.0 || got.at(t, "data.expire_time") != "2030-01-01T01:00:00Z" || got.at(t, "data.type") != "service" {
		t.Errorf("lookup-self: %s", got.text)
	}
	bare.want(403, "GET", "/auth/token/lookup-self", "")
	bare.want(403, "POST", "/auth/token/revoke-self", "")
	bare.want(200, "GET", "/kv/data/prod/web", "")
	bare.want(200, "GET", "/sys/internal/ui/mounts/kv", "")
	bare.want(403, "GET", "/sys/internal/ui/mounts/team/kv", "")
	if alive := c.Tokens(); len(alive) != 3 || alive[1].Value != "brief" || alive[1].Policies[1] != "prod" || alive[0].Policies[0] != "root" {
		t.Errorf("alive are %+v", alive)
	}

	c.RevokeToken("bare")
	bare.want(403, "GET", "/kv/data/prod/web", "")
	brief.want(200, "GET", "/kv/data/prod/web", "")
	c.Clock().Advance(time.Hour)
	brief.want(403, "GET", "/kv/data/prod/web", "")
	c.want(204, "POST", "/auth/token/revoke-self", "")
	c.want(403, "GET", "/kv/data/prod/web", "")
	if alive := c.Tokens(); len(alive) != 0 {
		t.Errorf("alive are %+v", alive)
	}
	c.as("").want(403, "GET", "/kv/data/prod/web", "")
	c.as("unknown").want(403, "GET", "/kv/data/prod/web", "")
}

func TestCapabilitiesSelf(t *testing.T) {
	c := start(t, vault.Options{})
	c.AddPolicy("prod", vault.Allow("kv/data/prod/*", "read", "list"))
	c.AddToken("limited", vault.Policies("prod"))
	got := c.as("limited").want(200, "POST", "/sys/capabilities-self", `{"paths":["kv/data/prod/web","elsewhere"]}`)
	list, _ := got.at(t, "data").(fields)["kv/data/prod/web"].([]any)
	none, _ := got.at(t, "elsewhere").([]any)
	if len(list) != 2 || list[0] != "list" || len(none) != 1 || none[0] != "deny" {
		t.Errorf("capabilities %s", got.text)
	}
}
