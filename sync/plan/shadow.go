package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/ledger"
)

// shadows reports the placements over which a narrower scope wins: an
// environment's variable hides the repository's, which hides the
// organization's. Only what was observed anyway is looked at.
func (p *Plan) shadows(scopes []Scope) {
	for i := range scopes {
		wide := &scopes[i]
		for j := range wide.Desired {
			d := &wide.Desired[j]
			if narrower := shadowing(scopes, wide, d.ID); len(narrower) > 0 {
				p.find(wide, d, finding.Finding{Rule: "shadowed", Severity: finding.Warning,
					Message: fmt.Sprintf("a %s of the same name wins over this one in %s", d.ID.Kind, strings.Join(narrower, " and ")),
					Help:    "keep the one that the jobs should see, and remove the other"})
			}
		}
	}
}

func shadowing(scopes []Scope, wide *Scope, id ledger.ID) []string {
	var names []string
	for i := range scopes {
		narrow := &scopes[i]
		if narrow.hides(wide) && narrow.has(id) {
			names = append(names, fmt.Sprintf("%s of target %s", narrow.Scope, narrow.Target))
		}
	}
	slices.Sort(names)
	return names
}

// has tells whether a scope holds a variable, or will after a sync.
func (s *Scope) has(id ledger.ID) bool {
	_, there := s.items[id]
	return there || slices.ContainsFunc(s.Desired, func(d Desired) bool { return d.ID == id && !d.Value.IsEmpty() })
}

// hides tells whether a variable here wins over one of the same name there.
func (s *Scope) hides(wide *Scope) bool {
	if s.Store != wide.Store {
		return false
	}
	switch {
	case wide.Scope == "repository":
		return s.Repository == wide.Repository && strings.HasPrefix(s.Scope, "environment:")
	case wide.Scope == "organization":
		owner, _, _ := strings.Cut(s.Repository, "/")
		return owner != "" && strings.EqualFold(owner, wide.Organization)
	}
	return false
}
