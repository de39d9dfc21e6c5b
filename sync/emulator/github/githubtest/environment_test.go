package githubtest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// protection is the body of the documentation's example.
func protection() map[string]any {
	return map[string]any{
		"wait_timer": 30, "prevent_self_review": false,
		"reviewers":                []any{map[string]any{"type": "User", "id": 1}, map[string]any{"type": "Team", "id": 1}},
		"deployment_branch_policy": map[string]any{"protected_branches": false, "custom_branch_policies": true},
	}
}

func TestEnvironmentProtection(t *testing.T) {
	const path = "/repos/acme/api/environments/staging"
	rules := func(c *client) int {
		return len(c.want(200, "GET", path, nil).fields["protection_rules"].([]any))
	}
	tests := []struct {
		name string
		body any
		want int // rules that are left of three
	}{
		{"no body", nil, 3},
		{"nulls clear", map[string]any{"wait_timer": 0, "reviewers": nil, "deployment_branch_policy": nil}, 0},
		{"what is left out is cleared", map[string]any{"wait_timer": 5}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := start(t)
			c.want(200, "PUT", path, protection())
			if got := rules(c); got != 3 {
				t.Fatalf("%d rules, want 3", got)
			}
			c.want(200, "PUT", path, test.body)
			if got := rules(c); got != test.want {
				t.Errorf("%d rules, want %d", got, test.want)
			}
		})
	}
}

func TestEnvironmentLife(t *testing.T) {
	c := start(t)
	c.want(404, "GET", "/repos/acme/api/environments/new", nil)
	c.want(404, "GET", "/repos/acme/api/environments/new/secrets", nil)
	c.want(404, "GET", "/repos/acme/api/environments/new/variables", nil)
	c.want(200, "PUT", "/repos/acme/api/environments/New%2Fone", nil)
	got := c.want(200, "GET", "/repos/acme/api/environments/new%2fone", nil).fields
	if got["name"] != "New/one" || !strings.HasSuffix(got["url"].(string), "/environments/New%2Fone") {
		t.Errorf("environment: %v", got)
	}
	list := c.want(200, "GET", "/repos/acme/api/environments", nil).fields
	if list["total_count"] != 2.0 {
		t.Errorf("list: %v", list)
	}
	c.want(204, "DELETE", "/repos/acme/api/environments/new%2Fone", nil)
	c.want(404, "DELETE", "/repos/acme/api/environments/new%2Fone", nil)
	wrong := map[string]any{"deployment_branch_policy": map[string]any{"protected_branches": true, "custom_branch_policies": true}}
	c.want(422, "PUT", "/repos/acme/api/environments/new", wrong)
	c.want(404, "GET", "/repos/acme/api/environments/new", nil)
}

func TestRenamedRepository(t *testing.T) {
	const path = "/repos/acme/api/actions/secrets?per_page=100"
	c := start(t)
	sealed := c.seal("/repos/acme/api/actions/secrets", "value")
	c.RenameRepository("acme/api", "acme/backend")
	moved := c.want(301, "GET", path, nil)
	if want := fmt.Sprintf("%s/repositories/%d/actions/secrets?per_page=100", c.URL, c.api); moved.header.Get("Location") != want {
		t.Errorf("Location %q, want %q", moved.header.Get("Location"), want)
	}
	c.want(200, "GET", strings.TrimPrefix(moved.header.Get("Location"), c.URL), nil)
	moved = c.want(307, "PUT", "/repos/acme/api/actions/secrets/X", sealed)
	c.want(201, "PUT", strings.TrimPrefix(moved.header.Get("Location"), c.URL), sealed)
	if got := c.want(200, "GET", "/repos/ACME/Backend", nil).fields; got["full_name"] != "acme/backend" {
		t.Errorf("repository: %v", got["full_name"])
	}
	c.AddRepository("acme/api")
	c.want(200, "GET", path, nil)
}

func TestTimesHaveWholeSeconds(t *testing.T) {
	c := start(t)
	got := c.want(200, "GET", "/repos/acme/api/environments/prod", nil)
	if got.fields["updated_at"] != "2026-01-02T03:04:05Z" || got.header.Get("Date") != "Fri, 02 Jan 2026 03:04:05 GMT" {
		t.Errorf("updated_at %v, Date %v", got.fields["updated_at"], got.header.Get("Date"))
	}
	c.Clock().Set(time.Date(2030, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600)))
	if got := c.want(200, "GET", "/rate_limit", nil); got.header.Get("Date") != "Mon, 31 Dec 2029 23:00:00 GMT" {
		t.Errorf("Date %v", got.header.Get("Date"))
	}
}
