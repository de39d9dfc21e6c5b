package vault_test

import (
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/vault"
)

// TestWrites has a secret written, marked and removed over HTTP.
func TestWrites(t *testing.T) {
	c := start(t, vault.Options{})
	for _, step := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/kv/data/web", `{"data":{"KEY":"1","DEEP":{"A":{},"B":{"C":1}}}}`, 200},
		{"PUT", "/kv/data/web", `{"data":{"KEY":"2"},"options":{"cas":1}}`, 200},
		{"PUT", "/kv/data/web", `{"data":{"KEY":"3"},"options":{"cas":1}}`, 400},
		{"PUT", "/kv/data/web", `{"data":{"KEY":"3"},"options":{"cas":0}}`, 400},
		{"POST", "/kv/data/web", `{}`, 400},
		{"POST", "/kv/data/web", `{"data"`, 500},
		{"POST", "/kv/data/web", `nonsense`, 400},
		{"POST", "/kv/metadata/web", `{"custom_metadata":{"owner":"payments"}}`, 204},
		{"POST", "/kv/delete/web", `{"versions":[1]}`, 204},
		{"GET", "/kv/data/web?version=1", "", 404},
		{"GET", "/kv/subkeys/web?version=1", "", 404},
		{"POST", "/kv/undelete/web", `{"versions":[1]}`, 204},
		{"GET", "/kv/subkeys/web?version=1", "", 200},
		{"POST", "/kv/destroy/web", `{"versions":[1]}`, 204},
		{"POST", "/kv/undelete/web", `{"versions":[1]}`, 204},
		{"GET", "/kv/data/web?version=1", "", 404},
		{"POST", "/kv/destroy/web", `{}`, 400},
		{"DELETE", "/kv/data/web", "", 204},
		{"GET", "/kv/data/web", "", 404},
		{"LIST", "/kv/metadata", "", 200},
		{"DELETE", "/kv/metadata/web", "", 204},
		{"LIST", "/kv/metadata", "", 404},
		{"GET", "/kv/metadata/web", "", 404},
		{"POST", "/one/deep/web", `{"KEY":"1"}`, 204},
		{"POST", "/one/deep/web", `{}`, 400},
		{"GET", "/one/deep/web", "", 200},
		{"LIST", "/one/deep", "", 200},
		{"DELETE", "/one/deep/web", "", 204},
		{"GET", "/one/deep/web", "", 404},
		{"GET", "/kv/config", "", 200},
		{"GET", "/sys/internal/ui/mounts", "", 200},
	} {
		c.want(step.want, step.method, step.path, step.body)
	}
}

// TestWritesNeedTheirOwnCapability tells create from update.
func TestWritesNeedTheirOwnCapability(t *testing.T) {
	c := start(t, vault.Options{})
	c.AddPolicy("create", vault.Allow("kv/data/*", "create"), vault.Allow("one/*", "create"))
	c.AddPolicy("update", vault.Allow("kv/data/*", "update"), vault.Allow("one/*", "update"))
	c.AddToken("creates", vault.Policies("create"))
	c.AddToken("updates", vault.Policies("update"))
	for path, body := range map[string]string{"/kv/data/web": `{"data":{"KEY":"1"}}`, "/one/web": `{"KEY":"1"}`} {
		c.as("updates").want(403, "POST", path, body)
		first, err := c.as("creates").try("POST", path, body)
		if err != nil || first.status >= 300 {
			t.Errorf("%s: %v, %d %s", path, err, first.status, first.text)
		}
		c.as("creates").want(403, "POST", path, body)
		second, err := c.as("updates").try("POST", path, body)
		if err != nil || second.status >= 300 {
			t.Errorf("%s: %v, %d %s", path, err, second.status, second.text)
		}
	}
}

// TestOldVersionsAreLetGo keeps ten versions.
func TestOldVersionsAreLetGo(t *testing.T) {
	c := start(t, vault.Options{})
	for range 11 {
		c.Put("kv", "web", fields{"KEY": "value"})
	}
	c.want(404, "GET", "/kv/data/web?version=1", "")
	c.want(200, "GET", "/kv/data/web?version=2", "")
	c.Remove("kv", "web")
	c.want(404, "GET", "/kv/data/web", "")
}
