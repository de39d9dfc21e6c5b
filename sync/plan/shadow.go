package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/store"
)

// shadows reports the placements over which another scope wins: at GitHub an
// environment's variable hides the repository's, which hides the
// organization's; at GitLab a project's hides its groups', and within each the
// scope that fits an environment best hides the others. Only what was observed
// anyway is looked at.
func (p *Plan) shadows(scopes []Scope) {
	spots := spotsOf(scopes)
	for i := range scopes {
		s := &scopes[i]
		for j := range s.Desired {
			if d := &s.Desired[j]; !d.Value.IsEmpty() {
				p.shadow(s, d, spots)
			}
		}
	}
}

// A spot is a scope that holds variables, observed on its own or seen beside
// one that was.
type spot struct {
	*Scope
	name   string
	there  map[ledger.ID]bool // what it holds, or will after a sync
	placed map[ledger.ID]bool // what of that the policy places
}

// place tells one spot from another, through whichever target it was seen.
func (a spot) place() string {
	return strings.Join([]string{a.Store, a.Server, a.Repository, a.Organization, a.Project, a.Group, a.name}, "\x00")
}

func spotsOf(scopes []Scope) []spot {
	var spots []spot
	at := map[string]bool{}
	for i := range scopes {
		s := &scopes[i]
		here := spot{Scope: s, name: s.Scope, there: map[ledger.ID]bool{}, placed: s.Known}
		for id := range s.items {
			here.there[id] = true
		}
		for _, d := range s.Desired {
			if !d.Value.IsEmpty() {
				here.there[d.ID] = true
			}
		}
		at[here.place()] = true
		spots = append(spots, here)
	}
	for i := range scopes {
		s := &scopes[i]
		for name, ids := range gathered(s.Nearby) {
			if beside := (spot{Scope: s, name: name, there: ids, placed: s.Beside[name]}); !at[beside.place()] {
				at[beside.place()] = true
				spots = append(spots, beside)
			}
		}
	}
	slices.SortStableFunc(spots, func(a, b spot) int {
		return strings.Compare(a.Target+" "+a.name, b.Target+" "+b.name)
	})
	return spots
}

func gathered(neighbours []store.Neighbour) map[string]map[ledger.ID]bool {
	out := map[string]map[ledger.ID]bool{}
	for _, n := range neighbours {
		if out[string(n.Scope)] == nil {
			out[string(n.Scope)] = map[ledger.ID]bool{}
		}
		out[string(n.Scope)][ledger.ID{Kind: string(n.Kind), Name: n.Name}] = true
	}
	return out
}

func (p *Plan) shadow(s *Scope, d *Desired, spots []spot) {
	here := spot{Scope: s, name: s.Scope}
	var over, either, under []string
	for _, other := range spots {
		if other.place() == here.place() || !other.there[d.ID] {
			continue
		}
		name := fmt.Sprintf("%s of target %s", other.name, other.Target)
		switch stand := other.against(here); {
		case stand == hides:
			over = append(over, name)
		case stand == unsettled:
			either = append(either, name)
		case stand == hidden && !other.placed[d.ID] && s.Server != "":
			under = append(under, name)
		}
	}
	for _, told := range []struct {
		scopes        []string
		message, help string
	}{
		{over, "a %s of the same name wins over this one in %s", "keep the one that the jobs should see, and remove the other"},
		{either, "a %s of the same name is in %s, and the store does not say which of the two a job gets that both are for",
			"give one of them a scope that the other does not match, or remove it"},
		{under, "it hides a %s of the same name in %s", "if no job needs that one, remove it"},
	} {
		if len(told.scopes) > 0 {
			p.find(s, d, finding.Finding{Rule: "shadowed", Severity: finding.Warning,
				Message: fmt.Sprintf(told.message, d.ID.Kind, strings.Join(told.scopes, " and ")), Help: told.help})
		}
	}
}
