package policy

import (
	"fmt"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// unprotectedVariables finds production secrets that the policy gives to jobs
// of every branch. A production variable is protected unless the policy says
// otherwise, so that somebody has said so: in the secret, or in the target for
// all that it takes, which is told once.
func unprotectedVariables(p *Policy, _ Context) []finding.Finding {
	var findings []finding.Finding
	type once struct {
		target string
		at     finding.Position
	}
	told := map[once]bool{}
	placements, _ := p.Placements()
	for _, place := range placements {
		t, s, environment := p.Target(place.Target), place.Secret, place.Binding.Environment
		if t.Kind != "gitlab" || place.Attributes["protected"] != "false" || !s.Sensitive || p.Environment(environment).Tier != Production {
			continue
		}
		f := breach("unprotected-variable", t.Fields["protected"],
			fmt.Sprintf("production secrets in target %s are visible to jobs of every branch that somebody may push to", t.Name),
			"leave protected: false out, and protect the branches and tags that deploy")
		if _, its := s.Attributes["protected"]; its {
			f.Position = s.Fields["protected"]
			f.Message = fmt.Sprintf("a production secret in target %s is visible to jobs of every branch that somebody may push to", t.Name)
			f = about(f, s)
		}
		f.Target, f.Scope, f.Environment = t.Name, place.Scope, environment
		if key := (once{t.Name, f.Position}); !told[key] {
			told[key] = true
			findings = append(findings, f)
		}
	}
	return findings
}
