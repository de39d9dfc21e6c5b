package githubtest

import (
	"maps"
	"strings"
	"testing"
)

func TestInheritedSecrets(t *testing.T) {
	const org = "/orgs/acme/actions/secrets"
	c := start(t)
	web := c.AddRepository("acme/web")
	c.PublishRepository("acme/web")
	for name, more := range map[string]map[string]any{
		"ALL":      {"visibility": "all"},
		"PRIVATE":  {"visibility": "private"},
		"SELECTED": {"visibility": "selected", "selected_repository_ids": []int64{web}},
	} {
		body := c.seal(org, "value")
		maps.Copy(body, more)
		c.want(201, "PUT", org+"/"+name, body)
	}
	for repo, want := range map[string]string{"api": "ALL PRIVATE", "web": "ALL SELECTED"} {
		var names []string
		for _, each := range c.want(200, "GET", "/repos/acme/"+repo+"/actions/organization-secrets", nil).fields["secrets"].([]any) {
			names = append(names, each.(map[string]any)["name"].(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s sees %q, want %q", repo, got, want)
		}
	}
}
