package finding

import "slices"

// Policy is the rule of a mistake in the policy itself: not a rule of the
// catalogue, so its level cannot be set and it cannot be allowed.
const Policy = "policy"

// A Rule is one entry of the catalogue: what a policy may set the level of
// and allow.
type Rule struct {
	ID      string
	Default Severity
}

// catalogue holds every rule that keyplumb knows, in the order of the
// documentation: policy, repository, values, targets.
var catalogue = []Rule{
	{"shared-reference", Error},
	{"no-owner", Info},
	{"no-rotation", Warning},
	{"expired-exception", Error},
	{"broad-scope", Warning},
	{"plaintext-endpoint", Error},
	{"static-credential", Warning},
	{"policy-not-owned", Warning},

	{"undeclared-secret", Error},
	{"unused-secret", Warning},
	{"wrong-environment", Error},
	{"hardcoded-secret", Error},
	{"committed-env-file", Error},
	{"client-exposed", Error},
	{"baked-into-image", Error},
	{"literal-ci-variable", Error},
	{"secrets-inherit", Warning},
	{"secrets-dump", Error},
	{"secret-printed", Error},
	{"secret-on-command-line", Warning},
	{"dangerous-trigger", Error},
	{"unpinned-action", Warning},
	{"unresolved-include", Warning},

	{"missing-value", Error},
	{"invalid-value", Error},
	{"wrong-tier", Error},
	{"placeholder-value", Error},
	{"weak-value", Warning},
	{"whitespace-value", Warning},
	{"expired-value", Error},
	{"expiring-value", Warning},
	{"stale-rotation", Warning},
	{"rotate-soon", Info},
	{"shared-key", Error},
	{"shared-identity", Error},
	{"unmaskable", Error},
	{"too-large", Error},
	{"leaked-value", Error},

	{"missing", Error},
	{"stale", Error},
	{"edited", Error},
	{"misconfigured", Error},
	{"shadowed", Warning},
	{"extra", Warning},
	{"unverified", Error},
	{"held", Info},
	{"unprotected-environment", Warning},
	{"unprotected-variable", Warning},
	{"all-repositories", Warning},
}

// Rules gives the catalogue; the caller may change the slice.
func Rules() []Rule { return slices.Clone(catalogue) }

// Lookup finds a rule by its slug.
func Lookup(id string) (Rule, bool) {
	i := slices.IndexFunc(catalogue, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return catalogue[i], true
}
