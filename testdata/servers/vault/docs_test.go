package vault_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestThePagesRoles gives a real Vault the policies and roles that the page on
// the source shows, and looks whether it keeps all that they say.
func TestThePagesRoles(t *testing.T) {
	page, err := os.ReadFile("../../../docs/sources/vault.md")
	if err != nil {
		t.Fatal(err)
	}
	v := start(t)
	for path, method := range map[string]string{"jwt": "jwt", "gitlab": "jwt", "kubernetes": "kubernetes"} {
		v.admin("POST", "sys/auth/"+path, fields{"type": method})
	}
	policies := regexp.MustCompile(`(?s)vault policy write (\S+) - <<'END'\n(.*?)\nEND\n`).FindAllStringSubmatch(string(page), -1)
	for _, shown := range policies {
		v.admin("PUT", "sys/policies/acl/"+shown[1], fields{"policy": shown[2]})
	}
	roles := regexp.MustCompile(`(?s)vault write (auth/\S+/role/\S+) - <<'END'\n(.*?)\nEND\n`).FindAllStringSubmatch(string(page), -1)
	for _, shown := range roles {
		var role fields
		if err := json.Unmarshal([]byte(shown[2]), &role); err != nil {
			t.Fatalf("%s: %v", shown[1], err)
		}
		v.keeps(shown[1], role)
	}
	pairs := regexp.MustCompile(`vault write (auth/\S+/role/\S+) \\\n((?: +\S+=.*\n)+)`).FindAllStringSubmatch(string(page), -1)
	for _, shown := range pairs {
		role := fields{}
		for _, pair := range strings.Fields(strings.ReplaceAll(shown[2], "\\\n", "\n")) {
			name, value, _ := strings.Cut(pair, "=")
			role[name] = value
		}
		v.keeps(shown[1], role)
	}
	if len(policies) != 1 || len(roles) != 2 || len(pairs) != 1 {
		t.Errorf("the page shows %d policies and %d + %d roles", len(policies), len(roles), len(pairs))
	}
}

// keeps writes a role, and looks for each of its fields in what is kept.
func (v *server) keeps(path string, role fields) {
	v.t.Helper()
	v.admin("POST", path, role)
	kept := v.admin("GET", path, nil)
	for name := range role {
		if kept[name] == nil {
			v.t.Errorf("%s: %s is not kept", path, name)
		}
	}
	if policies, _ := kept["token_policies"].([]any); len(policies) != 1 || policies[0] != "keyplumb-prod" {
		v.t.Errorf("%s has the policies %v", path, policies)
	}
}
