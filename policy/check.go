package policy

import (
	"io/fs"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// A Context is what the rules on a policy look at besides the policy.
type Context struct {
	FS  fs.FS // the repository, for its CODEOWNERS; nil where there is none
	Now time.Time
}

// Check runs the rules on the policy itself. Their findings are not yet judged
// by the levels that the policy sets; see [Policy.Judge].
func (p *Policy) Check(c Context) []finding.Finding {
	var findings []finding.Finding
	for _, rule := range []func(*Policy, Context) []finding.Finding{
		sharedReferences, noOwners, noRotations, expiredExceptions, broadScopes, plaintextEndpoints, staticCredentials, notOwned, unprotectedVariables,
	} {
		findings = append(findings, rule(p, c)...)
	}
	finding.Sort(findings)
	return findings
}

// breach makes a finding of a rule at its default level.
func breach(rule string, at finding.Position, message, help string) finding.Finding {
	r, _ := finding.Lookup(rule)
	return finding.Finding{Rule: r.ID, Severity: r.Default, Message: message, Help: help, Position: at}
}

// about adds which secret it is about.
func about(f finding.Finding, s *Secret) finding.Finding {
	f.Secret, f.Name = s.Name, s.As
	return f
}
