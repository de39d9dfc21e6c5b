package gitlab

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// AddGroup adds a private group, "outer/inner", with the groups that it is
// inside of, and returns its id. One that is there already keeps what it has.
func (s *Server) AddGroup(fullPath string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addGroup(fullPath).id
}

func (s *Server) addGroup(fullPath string) *group {
	if found := s.findGroup(fullPath); found != nil {
		return found
	}
	added := &group{path: fullPath, variables: newStore(groupLevel)}
	if at := strings.LastIndex(fullPath, "/"); at >= 0 {
		added.parent, added.path = s.addGroup(fullPath[:at]), fullPath[at+1:]
	}
	added.id = s.nextID()
	s.groups[added.id] = added
	return added
}

// AddProject adds a private project, "group/name" or "outer/inner/name", with
// its groups, and returns its id. It panics on a path without a group, or one
// that is taken.
func (s *Server) AddProject(fullPath string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := &project{variables: newStore(projectLevel)}
	s.place(added, fullPath)
	added.id = s.nextID()
	s.projects[added.id] = added
	return added.id
}

// MoveProject gives a project another full path, in another group or not. GETs
// to the former one are redirected, and other requests to it refused.
func (s *Server) MoveProject(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	moved := s.mustProject(from)
	s.place(moved, to)
	s.former[strings.ToLower(from)] = moved.id
}

// place puts a project at a path, which none has now. One that had it before is
// no longer found there.
func (s *Server) place(p *project, fullPath string) {
	at := strings.LastIndex(fullPath, "/")
	if at < 0 {
		panic(fmt.Sprintf("%q is not group/name", fullPath))
	}
	if found := s.findProject(fullPath); found != nil && strings.EqualFold(found.fullPath(), fullPath) {
		panic(fmt.Sprintf("project %s exists", fullPath))
	}
	p.group, p.path = s.addGroup(fullPath[:at]), fullPath[at+1:]
}

func (s *Server) mustProject(fullPath string) *project {
	found := s.findProject(fullPath)
	if found == nil {
		panic(fmt.Sprintf("no project %q", fullPath))
	}
	return found
}

// A Limit narrows what a token of AddToken may do.
type Limit func(*Server, *token)

// Member makes the token that of a member of a group or project, with the role
// there and in all that is inside it, and not of an administrator. Several add
// up.
func Member(fullPath string, role Role) Limit {
	return func(s *Server, t *token) {
		t.admin = false
		if found := s.findGroup(fullPath); found != nil {
			t.roles[found.id] = role
			return
		}
		t.roles[s.mustProject(fullPath).id] = role
	}
}

// Ordinary makes the token that of a user who is neither an administrator nor,
// without Member, a member of anything.
func Ordinary() Limit { return func(_ *Server, t *token) { t.admin = false } }

// Scopes gives the token these scopes in place of api.
func Scopes(names ...string) Limit {
	return func(_ *Server, t *token) { t.scopes = slices.Clone(names) }
}

// Expires makes the token end at the time t of the emulator's clock.
func Expires(at time.Time) Limit { return func(_ *Server, t *token) { t.expires = at } }

// AddToken makes the access token valid: an administrator's with the scope api,
// which may do everything, unless limited.
func (s *Server) AddToken(value string, limits ...Limit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.nextID()
	added := &token{id: id, username: fmt.Sprintf("user%d", id), admin: true, scopes: []string{"api"}, roles: map[int64]Role{}}
	for _, limit := range limits {
		limit(s, added)
	}
	s.tokens[value] = added
}

// AddJobToken makes the value a running job's CI_JOB_TOKEN. GitLab takes those
// for some operations, none of which is emulated here.
func (s *Server) AddJobToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[value] = &token{job: true}
}

// RevokeToken ends a token, which must be there.
func (s *Server) RevokeToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[value].revoked = true
}
