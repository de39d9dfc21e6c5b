package gitlab

import (
	"cmp"
	"maps"
	"slices"
)

// A level is what GitLab's three kinds of variables differ in.
type level struct {
	noun       string // as messages call a variable
	plural     string // as the message about their number calls them
	limit      int    // how many a place may have
	valueLimit int    // of a value, in characters; 0: none
	scoped     bool   // has environment scopes, and can be hidden
}

// The documented numbers:
// https://docs.gitlab.com/administration/instance_limits/#number-of-cicd-variables
var (
	projectLevel  = &level{noun: "Variable", plural: "project ci variables", limit: 8000, scoped: true}
	groupLevel    = &level{noun: "GroupVariable", plural: "group ci variables", limit: 30000, scoped: true}
	instanceLevel = &level{noun: "InstanceVariable", plural: "ci instance level variables", limit: 25, valueLimit: 10000}
)

// An identity is what tells the variables of a place apart.
type identity struct{ key, scope string }

// A store holds the variables of one project or group, or the instance's.
type store struct {
	level     *level
	variables map[identity]*variable
}

func newStore(l *level) *store { return &store{level: l, variables: map[identity]*variable{}} }

// sorted returns the variables in the order in which they were created, which
// is that of GitLab's listings.
func (s *store) sorted() []*variable {
	return slices.SortedFunc(maps.Values(s.variables), func(a, b *variable) int { return cmp.Compare(a.id, b.id) })
}

// named returns the variables of a key, compared with case, in the same order.
func (s *store) named(key string) []*variable {
	return slices.DeleteFunc(s.sorted(), func(v *variable) bool { return v.key != key })
}

func (s *store) remove(v *variable) { delete(s.variables, v.identity()) }

// add and replace expect a variable that was found valid.
func (s *store) add(v *variable) { s.variables[v.identity()] = v }

func (s *store) replace(former, v *variable) {
	s.remove(former)
	s.add(v)
}
