package vault_test

import (
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/vault"
)

func TestStates(t *testing.T) {
	const elsewhere = "https://active.example:8200"
	for _, test := range []struct {
		state        vault.State
		active       string
		health, read int
	}{
		{vault.Active, "", 200, 200},
		{vault.Standby, elsewhere, 429, 307},
		{vault.Standby, "", 429, 500},
		{vault.PerformanceStandby, elsewhere, 473, 200},
		{vault.Sealed, "", 503, 503},
		{vault.Uninitialized, "", 501, 503},
	} {
		c := start(t, vault.Options{})
		c.Put("kv", "web", fields{"KEY": "value"})
		c.SetState(test.state, test.active)
		got := c.want(test.health, "GET", "/sys/health", "")
		if got.at(t, "sealed") != (test.state >= vault.Sealed) || got.at(t, "enterprise") != false {
			t.Errorf("state %d: %s", test.state, got.text)
		}
		got = c.want(test.read, "GET", "/kv/data/web?version=1", "")
		if want := elsewhere + "/v1/kv/data/web?version=1"; test.read == 307 && got.header.Get("Location") != want {
			t.Errorf("sent to %q, want %q", got.header.Get("Location"), want)
		}
		c.want(200, "GET", "/sys/seal-status", "")
		c.Unseal()
		c.want(200, "GET", "/kv/data/web", "")
	}
}

func TestQuota(t *testing.T) {
	for _, headers := range []bool{false, true} {
		c := start(t, vault.Options{Quota: vault.Quota{Rate: 2, Interval: 10 * time.Second, Headers: headers}})
		c.Clock().Set(time.Unix(1_900_000_003, 500))
		c.Put("kv", "web", fields{"KEY": "value"})
		c.want(200, "GET", "/kv/data/web", "")
		c.as("wrong").want(403, "GET", "/kv/data/web", "")
		got := c.want(429, "GET", "/kv/data/web", "")
		want := map[bool]string{true: "7"}[headers]
		if got.header.Get("Retry-After") != want || got.header.Get("X-Ratelimit-Reset") != want {
			t.Errorf("headers %t: %v", headers, got.header)
		}
		c.Clock().Advance(7 * time.Second)
		c.want(200, "GET", "/kv/data/web", "")
	}
}

func TestWarnings(t *testing.T) {
	c := start(t, vault.Options{})
	c.SetWarnings("mind the gap")
	c.Put("kv", "web", fields{"KEY": "value"})
	for path, want := range map[string]int{"/kv/data/web": 1, "/kv/web": 2} {
		got, err := c.try("GET", path, "")
		if warnings, _ := got.at(t, "warnings").([]any); err != nil || len(warnings) != want {
			t.Errorf("%s: %v, %s", path, err, got.text)
		}
	}
}
