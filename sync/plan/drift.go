package plan

import (
	"fmt"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// rule gives the rule under which drift reports a change.
func (r Reason) rule() string {
	switch r {
	case Missing, Stale, Edited, Misconfigured, Extra:
		return string(r)
	default:
		return "unverified"
	}
}

// Drift states the changes as findings. What is to be written though nothing
// is wrong with it counts as what it is until then.
func (p *Plan) Drift() []finding.Finding {
	var findings []finding.Finding
	for _, c := range p.Changes {
		switch {
		case c.Reason != Refreshed:
			findings = append(findings, c.Finding())
		case c.until != nil:
			findings = append(findings, *c.until)
			p.Unverified++
		default:
			p.InSync++
		}
	}
	return findings
}

// Finding states a change as a finding, under the rule of its reason.
func (c Change) Finding() finding.Finding {
	rule, _ := finding.Lookup(c.Reason.rule())
	f := finding.Finding{
		Rule: rule.ID, Severity: rule.Default, Position: c.Position,
		Target: c.Target, Scope: c.Scope, Name: c.Name, Environment: c.Environment,
		Help: "run keyplumb sync to mend it",
	}
	if c.Desired != nil {
		f.Secret = c.Desired.Secret.Name
	}
	switch c.Reason {
	case Missing:
		f.Message = "it is not there"
	case Stale:
		f.Message = "its source has changed since it was last written"
	case Edited:
		f.Message = "somebody changed it after keyplumb wrote it"
		f.Help = "find out who did and why (the store's audit log tells), then run keyplumb sync to put the source's value back"
	case Misconfigured:
		f.Message = fmt.Sprintf("it is not set up as the policy says: %s", strings.Join(c.Attributes, ", "))
	case Extra:
		f.Message = "it is there, but in no policy any more"
		f.Help = "run keyplumb sync --prune to delete it"
	case Adopted:
		f.Message = "it is there, but keyplumb did not write it"
		f.Help = "run keyplumb sync with the same --adopt to take it over"
	case Interrupted:
		f.Message = "what was last written is not known: a sync was interrupted, or the ledger key was rotated without this secret"
	}
	return f
}
