package gitlab

import (
	"fmt"
	"net/http"
	"strings"
)

// ofProject, ofGroup and ofInstance find the variables that a path is about,
// for who may manage them: a project's Maintainers, a group's Owners, and
// administrators.

func ofProject(c *call) (*store, error) {
	if c.token == nil {
		return nil, unauthorized()
	}
	found, err := c.project()
	if err != nil {
		return nil, err
	}
	if c.token.onProject(found) < Maintainer {
		return nil, forbidden()
	}
	return found.variables, nil
}

func ofGroup(c *call) (*store, error) {
	if c.token == nil {
		return nil, unauthorized()
	}
	found, err := c.group()
	if err != nil {
		return nil, err
	}
	if c.token.onGroup(found) < Owner {
		return nil, forbidden()
	}
	return found.variables, nil
}

func ofInstance(c *call) (*store, error) {
	if c.token == nil {
		return nil, unauthorized()
	}
	if !c.token.admin {
		return nil, forbidden()
	}
	return c.server.instance, nil
}

// project finds the {id} of the request's path: not there or not visible is
// 404, and a former path redirects a GET.
func (c *call) project() (*project, error) {
	id := c.request.PathValue("id")
	found := c.server.findProject(id)
	if found == nil || c.token.onProject(found) == none {
		return nil, notFound("Project")
	}
	if strings.Contains(id, "/") && !strings.EqualFold(id, found.fullPath()) {
		return nil, c.moved(found)
	}
	return found, nil
}

// moved redirects to the project's address by id. GitLab does so for GET alone:
// https://docs.gitlab.com/api/rest/#redirects
func (c *call) moved(to *project) error {
	if c.request.Method != http.MethodGet {
		return message(http.StatusMethodNotAllowed, "Non GET methods are not allowed for moved projects")
	}
	below := strings.SplitN(c.request.URL.EscapedPath(), "/", 4)[3:] // after /projects/:id
	target := c.base + strings.Join(append([]string{fmt.Sprintf("/projects/%d", to.id)}, below...), "/")
	if query := c.request.URL.RawQuery; query != "" {
		target += "?" + query
	}
	return &failure{
		status: http.StatusMovedPermanently,
		body:   "This resource has been moved permanently to " + target,
		header: http.Header{"Location": {target}},
	}
}

// group finds the {id} of the request's path.
func (c *call) group() (*group, error) {
	found := c.server.findGroup(c.request.PathValue("id"))
	if found == nil || !c.seesGroup(found) {
		return nil, notFound("Group")
	}
	return found, nil
}

// seesGroup reports whether the user is a member of the group or of something
// inside it.
func (c *call) seesGroup(g *group) bool {
	if c.token.onGroup(g) > none {
		return true
	}
	for _, each := range c.server.projects {
		if inside(each.group, g) && c.token.onProject(each) > none {
			return true
		}
	}
	for _, each := range c.server.groups {
		if inside(each, g) && c.token.onGroup(each) > none {
			return true
		}
	}
	return false
}

func inside(inner, outer *group) bool {
	for _, each := range inner.chain() {
		if each == outer {
			return true
		}
	}
	return false
}
