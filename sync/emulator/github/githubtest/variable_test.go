package githubtest

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestVariableLife(t *testing.T) {
	for _, base := range []string{"/repos/acme/api/actions/variables", "/repos/acme/api/environments/prod/variables", "/orgs/acme/actions/variables"} {
		t.Run(base, func(t *testing.T) {
			c := start(t)
			body := map[string]any{"name": "username", "value": "octocat"}
			if strings.HasPrefix(base, "/orgs/") {
				body["visibility"] = "private"
			}
			c.want(201, "POST", base, body)
			if got := c.want(409, "POST", base, body); got.fields["message"] != "Already exists - Variable already exists" {
				t.Errorf("message %q", got.fields["message"])
			}
			c.Clock().Advance(time.Minute)
			c.want(204, "PATCH", base+"/UserName", map[string]any{"value": "hubot"})
			got := c.want(200, "GET", base+"/USERNAME", nil).fields
			if got["name"] != "USERNAME" || got["value"] != "hubot" || got["created_at"] == got["updated_at"] {
				t.Errorf("variable: %v", got)
			}
			c.want(204, "PATCH", base+"/USERNAME", map[string]any{"name": "LOGIN"})
			c.want(404, "GET", base+"/USERNAME", nil)
			c.want(404, "PATCH", base+"/USERNAME", map[string]any{"value": "x"})
			c.want(204, "DELETE", base+"/login", nil)
			if list := c.want(200, "GET", base, nil).fields; list["total_count"] != 0.0 {
				t.Errorf("list: %v", list)
			}
		})
	}
}

func TestVariableSelection(t *testing.T) {
	const base = "/orgs/acme/actions/variables"
	c := start(t)
	id := c.AddRepository("acme/web")
	c.want(201, "POST", base, map[string]any{"name": "X", "value": "1", "visibility": "all"})
	c.want(409, "GET", base+"/X/repositories", nil)
	c.want(204, "PATCH", base+"/X", map[string]any{"visibility": "selected", "selected_repository_ids": []int64{id}})
	c.want(204, "PUT", fmt.Sprintf("%s/X/repositories/%d", base, c.api), nil)
	if got := c.want(200, "GET", base+"/X/repositories", nil).fields; got["total_count"] != 2.0 {
		t.Errorf("selected: %v", got)
	}
	if got := c.want(200, "GET", "/repos/acme/web/actions/organization-variables", nil).fields; got["total_count"] != 1.0 {
		t.Errorf("inherited: %v", got)
	}
	c.want(204, "DELETE", fmt.Sprintf("%s/X/repositories/%d", base, id), nil)
	if got := c.want(200, "GET", "/repos/acme/web/actions/organization-variables", nil).fields; got["total_count"] != 0.0 {
		t.Errorf("inherited after its removal: %v", got)
	}
}

func TestPages(t *testing.T) {
	const base = "/repos/acme/api/actions/variables"
	c := start(t)
	for i := range 35 {
		c.want(201, "POST", base, map[string]any{"name": fmt.Sprintf("V%02d", i), "value": ""})
	}
	tests := []struct {
		query string
		count int
		first string
		links []string // page and relation
	}{
		{"", 10, "V00", []string{"2 next", "4 last"}},
		{"?per_page=100", 30, "V00", []string{"2 next", "2 last"}},
		{"?per_page=30&page=2", 5, "V30", []string{"1 prev", "1 first"}},
		{"?page=2", 10, "V10", []string{"1 prev", "3 next", "4 last", "1 first"}},
		{"?page=9", 0, "", []string{"4 prev", "1 first"}},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			got := c.want(200, "GET", base+test.query, nil)
			items := got.fields["variables"].([]any)
			if len(items) != test.count || got.fields["total_count"] != 35.0 {
				t.Fatalf("%d items of %v, want %d of 35", len(items), got.fields["total_count"], test.count)
			}
			if test.count > 0 && items[0].(map[string]any)["name"] != test.first {
				t.Errorf("first item %v, want %s", items[0], test.first)
			}
			if found := relations(t, got.header.Get("Link")); strings.Join(found, ", ") != strings.Join(test.links, ", ") {
				t.Errorf("links %q, want %q", found, test.links)
			}
		})
	}
	if got := c.want(200, "GET", "/repos/acme/api/environments", nil); got.header["Link"] != nil {
		t.Errorf("a list of one page has Link %q", got.header["Link"])
	}
}

// relations reads a Link header as "page relation".
func relations(t *testing.T, header string) []string {
	t.Helper()
	var found []string
	for link := range strings.SplitSeq(header, ", ") {
		address, relation, ok := strings.Cut(link, "; ")
		_, page, ok2 := strings.Cut(strings.Trim(address, "<>"), "page=")
		if rest, more, perPage := strings.Cut(page, "&page="); perPage {
			_, page = rest, more
		}
		if !ok || !ok2 {
			t.Fatalf("link %q", link)
		}
		page, _, _ = strings.Cut(page, "&")
		found = append(found, page+" "+strings.Trim(strings.TrimPrefix(relation, "rel="), `"`))
	}
	return found
}
