package policy

import "github.com/keyplumb/keyplumb/policy/finding"

// Across judges one key that opens two environments: an error where one end is
// production and the other is not, a warning between other tiers, information
// within one tier.
func Across(a, b Tier) finding.Severity {
	switch {
	case a == b:
		return finding.Info
	case a == Production || b == Production:
		return finding.Error
	default:
		return finding.Warning
	}
}
