package engine

import (
	"fmt"
	"slices"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/store"
)

// checkCapacity reports the scopes that could not hold what is planned; where
// all scopes of a project share one limit, the first of them.
func (r *Run) checkCapacity() {
	var told []string
	for _, s := range r.Scopes {
		capacity, ok := r.targets[s.Target].(store.Capacity)
		if !ok || s.Err != nil || slices.Contains(told, s.Identity) {
			continue
		}
		for _, kind := range []store.Kind{store.Secret, store.Variable} {
			limit := capacity.Capacity(store.Scope(s.Scope), kind)
			after := r.count(s, kind)
			if limit == 0 || after <= limit {
				continue
			}
			where, scope, what := s.Scope, s.Scope, string(kind)
			if s.Notes {
				where, scope, what, told = "all of it", "", "variable", append(told, s.Identity)
			}
			rule, _ := finding.Lookup("too-large")
			r.Findings = append(r.Findings, finding.Finding{Rule: rule.ID, Severity: rule.Default,
				Message:  fmt.Sprintf("%s can hold %d %ss, and would have %d", where, limit, what, after),
				Help:     "place fewer there, or delete what nobody needs any more",
				Position: s.Position, Target: s.Target, Scope: scope})
		}
	}
}

// count gives the number of variables of a kind that a scope, and those that
// share its limit, would hold while the plan is carried out: creates go ahead
// of deletes.
func (r *Run) count(s plan.Scope, kind store.Kind) int {
	n := 0
	for _, item := range s.Items {
		if item.Kind == kind {
			n++
		}
	}
	for _, neighbour := range s.Nearby {
		if neighbour.Kind == kind {
			n++
		}
	}
	for _, c := range r.Plan.Changes {
		here := c.Target == s.Target && c.Scope == s.Scope || s.Notes && r.identities[c.Target] == s.Identity
		if c.Action == plan.Create && here && c.ID.Kind == string(kind) {
			n++
		}
	}
	return n
}
