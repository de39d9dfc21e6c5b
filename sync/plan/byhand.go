package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// immovable names the attributes that are not as the policy wants them, and
// that the store never changes once a variable is there.
func (s *Scope) immovable(d *Desired) []string {
	item := s.items[d.ID]
	var names []string
	for _, name := range item.Fixed {
		if want, set := d.Attributes[name]; set && want != item.Attributes[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// byHand is for what only a delete would mend: the job that runs between a
// delete and a create would be without its secret, so keyplumb does neither.
func byHand(attributes []string) finding.Finding {
	rule, _ := finding.Lookup(Misconfigured.rule())
	return finding.Finding{Rule: rule.ID, Severity: rule.Default,
		Message: fmt.Sprintf("it is not set up as the policy says, and the store never changes this of a variable that is there: %s; until that is mended, keyplumb leaves it alone",
			strings.Join(attributes, ", ")),
		Help: "by hand, since a job in between would be without it: choose a time when no job needs it, delete the variable in the store, " +
			"and run keyplumb sync at once, which creates it as the policy says"}
}
