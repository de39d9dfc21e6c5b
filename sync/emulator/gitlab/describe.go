package gitlab

import (
	"net/http"
	"strings"
)

// release is the version that the emulator says it is.
const release = "18.5.0"

func getVersion(c *call) (reply, error) {
	if c.token == nil {
		return reply{}, unauthorized()
	}
	return reply{http.StatusOK, map[string]any{
		"version": release, "revision": "0123456789a", "enterprise": !c.server.free,
		"kas": map[string]any{"enabled": false, "externalUrl": nil, "version": nil},
	}}, nil
}

func getUser(c *call) (reply, error) {
	if c.token == nil {
		return reply{}, unauthorized()
	}
	fields := map[string]any{
		"id": c.token.id, "username": c.token.username, "name": c.token.username,
		"state": "active", "locked": false, "web_url": c.host() + "/" + c.token.username, "bot": false,
	}
	if c.token.admin {
		fields["is_admin"] = true
	}
	return reply{http.StatusOK, fields}, nil
}

func getProject(c *call) (reply, error) {
	found, err := c.project()
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, c.describeProject(found)}, nil
}

func (c *call) describeProject(p *project) map[string]any {
	return map[string]any{
		"id": p.id, "name": p.path, "path": p.path, "description": nil,
		"name_with_namespace": strings.ReplaceAll(p.fullPath(), "/", " / "),
		"path_with_namespace": p.fullPath(),
		"default_branch":      "main", "visibility": "private", "archived": false,
		"web_url": c.host() + "/" + p.fullPath(),
		"namespace": map[string]any{
			"id": p.group.id, "name": p.group.path, "path": p.group.path, "kind": "group",
			"full_path": p.group.fullPath(), "parent_id": parentID(p.group),
			"web_url": c.host() + "/groups/" + p.group.fullPath(),
		},
		"permissions": map[string]any{
			"project_access": access(c.token.roles[p.id]),
			"group_access":   access(c.token.inGroups(p.group)),
		},
	}
}

// access renders the user's own membership, null if there is none: an
// administrator need not be a member.
func access(role Role) any {
	if role == none {
		return nil
	}
	return map[string]any{"access_level": int(role), "notification_level": 3}
}

func getGroup(c *call) (reply, error) {
	found, err := c.group()
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, map[string]any{
		"id": found.id, "name": found.path, "path": found.path, "description": "", "visibility": "private",
		"full_name": strings.ReplaceAll(found.fullPath(), "/", " / "), "full_path": found.fullPath(),
		"parent_id": parentID(found), "web_url": c.host() + "/groups/" + found.fullPath(),
	}}, nil
}

// parentID is the id of the group that g is inside of, null at the top.
func parentID(g *group) any {
	if g.parent == nil {
		return nil
	}
	return g.parent.id
}

// host is the URL of GitLab's pages.
func (c *call) host() string { return strings.TrimSuffix(c.base, prefix) }
