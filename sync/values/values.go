// Package values holds the rules on values: what a secret must not be,
// whatever the store it goes to.
//
// The rules see the bytes; their findings do not. A finding names the secret,
// the environment and the rule, quotes the constraint as the policy wrote it,
// and never anything of the value, not even its length. The one exception is
// a value that is too large: that it is over the store's limit is the finding.
package values

import (
	"fmt"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/secret"
)

// A Bound is a binding with the value that its source has for it.
type Bound struct {
	Secret      *policy.Secret
	Binding     *policy.Binding
	Environment policy.Environment
	Value       secret.Value // empty: missing
	Expires     time.Time    // by the source's word; zero where it says nothing
	Owner       string       // by the source's word; "" where it says nothing
	Missing     string       // why it is missing, in words
	Help        string       // what to do about that
}

// Missing reports the values that are not there: those of optional secrets
// may be.
func Missing(bound []Bound) []finding.Finding {
	var findings []finding.Finding
	for _, b := range bound {
		if b.Value.IsEmpty() && !b.Secret.Optional {
			findings = append(findings, b.finding("missing-value", b.Missing, b.Help))
		}
	}
	return findings
}

// Invalid reports the values that their constraint does not accept.
func Invalid(bound []Bound) []finding.Finding {
	var findings []finding.Finding
	for _, b := range bound {
		if b.Value.IsEmpty() || b.Binding.Constraint.Accepts(b.Value.Reveal()) {
			continue
		}
		message := fmt.Sprintf("the value in %s does not satisfy %s", b.Binding.Environment, b.Binding.Constraint.Source())
		findings = append(findings, b.finding("invalid-value", message,
			"put the right value into the source, or mend the constraint; the value is not shown"))
	}
	return findings
}

// finding makes a finding about a bound value, at the secret's entry.
func (b Bound) finding(rule, message, help string) finding.Finding {
	r, _ := finding.Lookup(rule)
	return finding.Finding{
		Rule: r.ID, Severity: r.Default, Message: message, Help: help,
		Position: b.Secret.Position, Secret: b.Secret.Name, Name: b.Secret.As, Environment: b.Binding.Environment,
	}
}
