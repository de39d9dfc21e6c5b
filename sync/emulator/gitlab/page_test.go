package gitlab_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

// fill gives the project n variables, V0 first.
func fill(t *testing.T, c *client, place gitlab.Place, n int) {
	t.Helper()
	for i := range n {
		if err := c.SetVariable(place, gitlab.Variable{Key: fmt.Sprintf("V%d", i), Value: "v"}); err != nil {
			t.Fatal(err)
		}
	}
}

func keys(t *testing.T, a answer) string {
	t.Helper()
	var list []fields
	if err := json.Unmarshal([]byte(a.text), &list); err != nil {
		t.Fatalf("%v: %s", err, a.text)
	}
	var found []string
	for _, each := range list {
		found = append(found, each["key"].(string))
	}
	return strings.Join(found, " ")
}

func TestPages(t *testing.T) {
	c := start(t, gitlab.Options{})
	fill(t, c, gitlab.InProject(web), 5)
	const one, two, three = "<%[1]s?page=1&per_page=2>", "<%[1]s?page=2&per_page=2>", "<%[1]s?page=3&per_page=2>"
	for _, test := range []struct {
		query, keys, page, size, pages, next, prev, link string
	}{
		{"", "V0 V1 V2 V3 V4", "1", "20", "1", "", "", ""},
		{"?per_page=2", "V0 V1", "1", "2", "3", "2", "", two + `; rel="next", ` + one + `; rel="first", ` + three + `; rel="last"`},
		{"?per_page=2&page=2", "V2 V3", "2", "2", "3", "3", "1", one + `; rel="prev", ` + three + `; rel="next", ` + one + `; rel="first", ` + three + `; rel="last"`},
		{"?per_page=2&page=3", "V4", "3", "2", "3", "", "2", two + `; rel="prev", ` + one + `; rel="first", ` + three + `; rel="last"`},
		{"?per_page=2&page=4", "", "4", "2", "3", "", "", one + `; rel="first", ` + three + `; rel="last"`},
		{"?per_page=1000", "V0 V1 V2 V3 V4", "1", "100", "1", "", "", ""},
	} {
		got := c.want(200, "GET", variables+test.query, nil)
		if keys(t, got) != test.keys {
			t.Errorf("%s: %s", test.query, keys(t, got))
		}
		for name, want := range map[string]string{
			"X-Page": test.page, "X-Per-Page": test.size, "X-Total": "5", "X-Total-Pages": test.pages,
			"X-Next-Page": test.next, "X-Prev-Page": test.prev,
		} {
			if values := got.header.Values(name); len(values) != 1 || values[0] != want {
				t.Errorf("%s: %s is %q, want %q", test.query, name, values, want)
			}
		}
		if test.link != "" && got.header.Get("Link") != fmt.Sprintf(test.link, c.url+"/api/v4"+variables) {
			t.Errorf("%s: Link %s", test.query, got.header.Get("Link"))
		}
	}
	for query, refusal := range map[string]string{
		"?page=x":     `{"error":"page is invalid"}`,
		"?page=0":     `{"error":"page does not have a valid value"}`,
		"?per_page=0": `{"error":"per_page does not have a valid value"}`,
	} {
		if got := c.want(400, "GET", variables+query, nil); got.text != refusal {
			t.Errorf("%s: %s", query, got.text)
		}
	}
}

// TestOrderIsStable: an update does not move a variable, a new one comes last.
func TestOrderIsStable(t *testing.T) {
	c := start(t, gitlab.Options{})
	for _, key := range []string{"C", "A", "B"} {
		c.want(201, "POST", variables, fields{"key": key, "value": "v"})
	}
	c.want(200, "PUT", variables+"/C", fields{"value": "2", "environment_scope": "prod"})
	if err := c.SetVariable(gitlab.InProject(web), gitlab.Variable{Key: "A", Value: "2"}); err != nil {
		t.Fatal(err)
	}
	c.want(204, "DELETE", variables+"/B", nil)
	c.want(201, "POST", variables, fields{"key": "B", "value": "v"})
	if got := keys(t, c.want(200, "GET", variables, nil)); got != "C A B" {
		t.Errorf("listed %s", got)
	}
}

// TestLongListsAreNotCounted: beyond 10,000 the totals are left out.
func TestLongListsAreNotCounted(t *testing.T) {
	c := start(t, gitlab.Options{})
	fill(t, c, gitlab.InGroup("acme/apps"), 10000)
	counted := c.want(200, "GET", ofApps, nil)
	fill(t, c, gitlab.InGroup("acme/apps"), 10001)
	got := c.want(200, "GET", ofApps, nil)
	if counted.header.Get("X-Total") != "10000" || got.header["X-Total"] != nil || got.header["X-Total-Pages"] != nil {
		t.Errorf("10,000: %v; 10,001: %v", counted.header, got.header)
	}
	if got.header.Get("X-Next-Page") != "2" || strings.Contains(got.header.Get("Link"), "last") {
		t.Errorf("%v", got.header)
	}
}
