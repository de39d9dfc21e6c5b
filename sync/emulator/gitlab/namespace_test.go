package gitlab_test

import (
	"fmt"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

func TestProjectsAndGroups(t *testing.T) {
	c := start(t, gitlab.Options{})
	project := c.want(200, "GET", "/projects/ACME%2Fapps%2Fweb", nil).fields(t)
	if project["path_with_namespace"] != web || project["path"] != "web" {
		t.Errorf("project %v", project)
	}
	byID := c.want(200, "GET", fmt.Sprintf("/projects/%v", project["id"]), nil).fields(t)
	if byID["path_with_namespace"] != web {
		t.Errorf("by id %v", byID)
	}
	c.AddToken("member", gitlab.Member("acme", gitlab.Maintainer))
	for token, want := range map[string]string{
		owner:    "map[group_access:<nil> project_access:<nil>]",
		"member": "map[group_access:map[access_level:40 notification_level:3] project_access:<nil>]",
	} {
		if got := c.as(token).want(200, "GET", "/projects/acme%2Fapps%2Fweb", nil).fields(t)["permissions"]; fmt.Sprint(got) != want {
			t.Errorf("permissions of %s: %v", token, got)
		}
	}
	namespace, ok := project["namespace"].(map[string]any)
	if !ok || namespace["full_path"] != "acme/apps" {
		t.Fatalf("namespace %v", project["namespace"])
	}
	group := c.want(200, "GET", "/groups/acme%2Fapps", nil).fields(t)
	if group["full_path"] != "acme/apps" || group["id"] != namespace["id"] {
		t.Errorf("group %v", group)
	}
	outer := c.want(200, "GET", fmt.Sprintf("/groups/%v", group["parent_id"]), nil).fields(t)
	if outer["full_path"] != "acme" || outer["parent_id"] != nil {
		t.Errorf("the group around it %v", outer)
	}
	if user := c.want(200, "GET", "/user", nil).fields(t); user["is_admin"] != true {
		t.Errorf("user %v", user)
	}
	if version := c.want(200, "GET", "/version", nil).fields(t); version["version"] == "" {
		t.Errorf("version %v", version)
	}
}

// TestMovedProjects is https://docs.gitlab.com/api/rest/#redirects.
func TestMovedProjects(t *testing.T) {
	c := start(t, gitlab.Options{})
	id := c.want(200, "GET", "/projects/acme%2Fapps%2Fweb", nil).fields(t)["id"]
	c.want(201, "POST", variables, fields{"key": "K", "value": "v"})
	c.MoveProject(web, "acme/site")
	got := c.want(301, "GET", variables+"/K"+prod, nil)
	target := fmt.Sprintf("%s/api/v4/projects/%v/variables/K%s", c.url, id, prod)
	if got.header.Get("Location") != target || got.text != "This resource has been moved permanently to "+target {
		t.Errorf("moved to %q: %s", got.header.Get("Location"), got.text)
	}
	if got := c.want(301, "GET", "/projects/acme%2Fapps%2Fweb", nil); got.header.Get("Location") != fmt.Sprintf("%s/api/v4/projects/%v", c.url, id) {
		t.Errorf("moved to %q", got.header.Get("Location"))
	}
	const refusal = `{"message":"Non GET methods are not allowed for moved projects"}`
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		path := variables
		if method != "POST" {
			path += "/K"
		}
		if got := c.want(405, method, path, fields{"value": "x"}); got.text != refusal {
			t.Errorf("%s: %s", method, got.text)
		}
	}
	c.want(200, "GET", "/projects/acme%2Fsite/variables/K", nil)
	c.want(200, "GET", fmt.Sprintf("/projects/%v/variables/K", id), nil)
	c.AddToken("stranger", gitlab.Ordinary())
	c.as("stranger").want(404, "GET", variables, nil) // who may not see it learns nothing

	c.AddProject(web) // takes the former path over
	if got := keys(t, c.want(200, "GET", variables, nil)); got != "" {
		t.Errorf("the new project has %s", got)
	}
}

// TestOutsideTheAPI: a path without /api/v4 is another page of GitLab's.
func TestOutsideTheAPI(t *testing.T) {
	c := start(t, gitlab.Options{})
	c.url += "/x"
	c.want(404, "GET", variables, nil)
}
