package policy

import (
	"fmt"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// noOwners finds the secrets that nobody is named for.
func noOwners(p *Policy, _ Context) []finding.Finding {
	var findings []finding.Finding
	for i := range p.Secrets {
		if s := &p.Secrets[i]; s.Owner == "" && s.Sensitive {
			findings = append(findings, about(breach("no-owner", s.Position, "nobody is named as its owner",
				"say who replaces it when it leaks: owner: \"team\""), s))
		}
	}
	return findings
}

// noRotations finds the secrets that are meant to stay for ever.
func noRotations(p *Policy, _ Context) []finding.Finding {
	var findings []finding.Finding
	for i := range p.Secrets {
		s := &p.Secrets[i]
		if s.Rotate != 0 || !s.Sensitive {
			continue
		}
		at := s.Position
		if field, written := s.Fields["rotate"]; written {
			at = field
		}
		findings = append(findings, about(breach("no-rotation", at, "it is never to be replaced",
			"give it a time: rotate: \"90d\""), s))
	}
	return findings
}

// expiredExceptions finds what was accepted for a time that is over.
func expiredExceptions(p *Policy, c Context) []finding.Finding {
	var findings []finding.Finding
	expired := func(what string, x *Exception) (finding.Finding, bool) {
		if x == nil || c.Now.Before(x.Until) {
			return finding.Finding{}, false
		}
		return breach("expired-exception", x.Position,
			fmt.Sprintf("%s ran out on %s: %s", what, x.Until.Add(-time.Second).Format(day), x.Reason),
			"mend what it excused and remove it, or give it a new date"), true
	}
	for i := range p.Secrets {
		s := &p.Secrets[i]
		if f, over := expired("shared", s.Shared); over {
			findings = append(findings, about(f, s))
		}
		for j := range s.Bindings {
			if f, over := expired("hold", s.Bindings[j].Hold); over {
				f.Environment = s.Bindings[j].Environment
				findings = append(findings, about(f, s))
			}
		}
	}
	for i := range p.Allow {
		if f, over := expired("an entry of allow", &p.Allow[i].Exception); over {
			f.Secret, f.Target = p.Allow[i].Secret, p.Allow[i].Target
			findings = append(findings, f)
		}
	}
	return findings
}
