package kubernetes

import (
	"fmt"
	"net/http"
	"slices"
)

// A Role says what those may do who have it.
type Role struct {
	Verbs     []string // "*" is all
	Resources []string // nil is secrets
	Names     []string // of the objects; nil is all. A list has no name, and needs a Role without
	Paths     []string // of what is no resource: "/version"
}

// A grant is a Role that is bound.
type grant struct {
	namespace string // "" is all
	user      string // a user, or
	group     string // a group
	role      Role
}

// Bind gives a user a Role in a namespace; "" is all.
func (s *Server) Bind(namespace, user string, role Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants = append(s.grants, grant{namespace: namespace, user: user, role: role})
}

// BindGroup gives a group a Role in a namespace; "" is all.
func (s *Server) BindGroup(namespace, group string, role Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants = append(s.grants, grant{namespace: namespace, group: group, role: role})
}

// Unbind takes every Role away from a user.
func (s *Server) Unbind(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants = slices.DeleteFunc(s.grants, func(g grant) bool { return g.user == user })
}

// A rule is what a request asks to do.
type rule struct{ verb, resource, namespace, name, path string }

// may tells whether a Role of the user's allows it. Nothing forbids.
func (s *Server) may(user User, asked rule) bool {
	return slices.ContainsFunc(s.grants, func(g grant) bool {
		return (g.user == user.Name || slices.Contains(user.Groups, g.group)) && (g.namespace == "" || g.namespace == asked.namespace) && g.role.allows(asked)
	})
}

func (r Role) allows(asked rule) bool {
	has := func(list []string, one string) bool { return slices.Contains(list, one) || slices.Contains(list, "*") }
	if !has(r.Verbs, asked.verb) {
		return false
	}
	if asked.path != "" {
		return has(r.Paths, asked.path)
	}
	resources := r.Resources
	if resources == nil {
		resources = []string{"secrets"}
	}
	return r.Paths == nil && has(resources, asked.resource) && (r.Names == nil || slices.Contains(r.Names, asked.name))
}

// verb is what the request does, in the words of RBAC.
func (c *call) verb(at place) string {
	verb := map[string]string{http.MethodGet: "get", http.MethodHead: "get", http.MethodPost: "create", http.MethodPut: "update",
		http.MethodPatch: "patch", http.MethodDelete: "delete"}[c.request.Method]
	if verb == "get" && at.name == "" {
		return "list"
	}
	return verb
}

// authorize checks that the user may make the request.
func (c *call) authorize(at place) *failure {
	verb := c.verb(at)
	if !c.server.may(c.user, rule{verb: verb, resource: "secrets", namespace: at.namespace, name: at.name}) {
		return forbidden(c.user, verb, "secrets", at)
	}
	if c.request.Method != http.MethodGet {
		return refusal(http.StatusMethodNotAllowed, "MethodNotAllowed", "the server does not allow this method on the requested resource", map[string]any{})
	}
	return nil
}

func forbidden(user User, verb, resource string, at place) *failure {
	what := resource
	details := map[string]any{"kind": resource}
	if at.name != "" {
		what += fmt.Sprintf(" %q", at.name)
		details["name"] = at.name
	}
	text := fmt.Sprintf("%s is forbidden: User %q cannot %s resource %q in API group \"\"", what, user.Name, verb, resource)
	if at.namespace != "" {
		text += fmt.Sprintf(" in the namespace %q", at.namespace)
	} else {
		text += " at the cluster scope"
	}
	return refusal(http.StatusForbidden, "Forbidden", text, details)
}
