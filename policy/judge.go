package policy

import (
	"slices"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// Judge gives findings the levels that the policy sets, and leaves out those
// that it turns off or allows. A mistake in the policy itself cannot be
// allowed, and an allowance that has run out allows nothing.
func (p *Policy) Judge(findings []finding.Finding, now time.Time) []finding.Finding {
	var out []finding.Finding
	for _, f := range findings {
		if f.Rule == finding.Policy {
			out = append(out, f)
			continue
		}
		if level, set := p.Rules[f.Rule]; set {
			if level.Off {
				continue
			}
			f.Severity = level.Severity
		}
		if !p.allows(f, now) {
			out = append(out, f)
		}
	}
	finding.Sort(out)
	return out
}

func (p *Policy) allows(f finding.Finding, now time.Time) bool {
	for _, a := range p.Allow {
		if a.Rule == f.Rule && (a.Secret == "" || a.Secret == f.Secret || slices.Contains(f.Also, a.Secret)) && (a.Target == "" || a.Target == f.Target) && now.Before(a.Until) {
			return true
		}
	}
	return false
}
