package gitlab

import (
	"strconv"
	"strings"
)

// A group may be inside another.
type group struct {
	id        int64
	parent    *group // nil at the top
	path      string
	variables *store
}

func (g *group) fullPath() string {
	if g.parent == nil {
		return g.path
	}
	return g.parent.fullPath() + "/" + g.path
}

// chain is the group and those that it is inside of, outwards.
func (g *group) chain() []*group {
	if g == nil {
		return nil
	}
	return append([]*group{g}, g.parent.chain()...)
}

// A project is inside a group. All are private.
type project struct {
	id        int64
	group     *group
	path      string
	variables *store
}

func (p *project) fullPath() string { return p.group.fullPath() + "/" + p.path }

// findProject finds a project by its id or its full path, compared without
// case; a former path leads to it as well.
func (s *Server) findProject(id string) *project {
	if number, err := strconv.ParseInt(id, 10, 64); err == nil {
		return s.projects[number]
	}
	for _, each := range s.projects {
		if strings.EqualFold(each.fullPath(), id) {
			return each
		}
	}
	return s.projects[s.former[strings.ToLower(id)]]
}

// findGroup finds a group by its id or its full path, compared without case.
func (s *Server) findGroup(id string) *group {
	if number, err := strconv.ParseInt(id, 10, 64); err == nil {
		return s.groups[number]
	}
	for _, each := range s.groups {
		if strings.EqualFold(each.fullPath(), id) {
			return each
		}
	}
	return nil
}
