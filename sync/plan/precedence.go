package plan

import (
	"cmp"
	"strings"

	"github.com/keyplumb/keyplumb/policy"
)

// A stand says what a variable is to one of the same name in another scope.
type stand int

const (
	apart     stand = iota // no job sees both
	hides                  // where a job could see both, it sees this one
	hidden                 // it sees the other
	unsettled              // the store does not say
)

// against tells how the variables of one spot stand to those of another.
func (a spot) against(b spot) stand {
	switch {
	case a.Store != b.Store || a.Server != b.Server:
		return apart
	case a.Server != "":
		return a.againstInGitLab(b)
	case a.hides(b.Scope):
		return hides
	case b.hides(a.Scope):
		return hidden
	}
	return apart
}

// hides tells whether a variable here wins over one of the same name there, at
// GitHub.
// https://docs.github.com/actions/reference/workflows-and-actions/variables#configuration-variable-precedence
func (s *Scope) hides(wide *Scope) bool {
	switch {
	case wide.Scope == "repository":
		return s.Repository == wide.Repository && strings.HasPrefix(s.Scope, "environment:")
	case wide.Scope == "organization":
		owner, _, _ := strings.Cut(s.Repository, "/")
		return owner != "" && strings.EqualFold(owner, wide.Organization)
	}
	return false
}

// againstInGitLab goes by level first: a project wins over its groups, a group
// over those that it is in, all over the instance. On one level, it goes by
// how well the environment scope fits.
// https://docs.gitlab.com/ci/variables/#cicd-variable-precedence
func (a spot) againstInGitLab(b spot) stand {
	_, x, _ := strings.Cut(a.name, ":")
	_, y, _ := strings.Cut(b.name, ":")
	if a.Project == b.Project && a.Group == b.Group {
		return byFit(x, y)
	}
	if x != "" && y != "" && !policy.ScopesMeet(x, y) {
		return apart
	}
	switch {
	case b.holds(a.Scope):
		return hides
	case a.holds(b.Scope):
		return hidden
	}
	return apart
}

// holds tells whether jobs that see the variables of a project or group see
// those of this group, or of the instance, too.
func (s *Scope) holds(inner *Scope) bool {
	path := inner.Project + inner.Group
	switch {
	case s.Group != "":
		return strings.HasPrefix(path, s.Group+"/")
	default:
		return s.Project == "" && path != ""
	}
}

func byFit(x, y string) stand {
	if !policy.ScopesMeet(x, y) {
		return apart
	}
	switch cmp.Compare(policy.ScopeRank(x), policy.ScopeRank(y)) {
	case 1:
		return hides
	case -1:
		return hidden
	}
	return unsettled
}
