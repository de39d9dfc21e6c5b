package github

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/keyplumb/keyplumb/sync/store"
)

// maxValue is the longest value, in bytes. GitHub's limit is 48 KB; it does not
// say whether before or after sealing, which adds 48 bytes. Kept for variables
// too, so that a secret can become one and back.
// https://docs.github.com/actions/reference/security/secrets
const maxValue = 48<<10 - 48

// variableName is GitHub's rule, of secrets and variables alike.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ledgerPrefix begins the names that keyplumb keeps to itself.
const ledgerPrefix = "KEYPLUMB_LEDGER_"

// Canonical is the name in upper case: GitHub compares without case.
func (t *Target) Canonical(name string) string { return strings.ToUpper(name) }

// Check applies GitHub's rules, and those of an environment variable, which is
// what a value becomes in a job.
func (t *Target) Check(p store.Placement) error {
	refuse := func(kind error, detail string) error {
		return &store.Error{Op: "check", Ref: t.refTo(p.Scope, p.Name), Kind: kind, Detail: detail}
	}
	if _, err := t.paths(p.Scope); err != nil {
		return err
	}
	upper, value := strings.ToUpper(p.Name), p.Value.Reveal()
	switch {
	case !variableName.MatchString(p.Name):
		// The name is not quoted: it may be anything, a value pasted in its place too.
		return &store.Error{
			Op: "check", Ref: t.refOf(p.Scope), Kind: store.ErrInvalid,
			Detail: "a name has letters, digits and underscores only, and no digit first",
		}
	case strings.HasPrefix(upper, "GITHUB_"):
		return refuse(store.ErrInvalid, "GitHub keeps names that begin with GITHUB_ to itself")
	case strings.HasPrefix(upper, ledgerPrefix):
		return refuse(store.ErrInvalid, "keyplumb keeps names that begin with "+ledgerPrefix+" to itself")
	case p.Kind == store.Variable && t.options.Store != Actions:
		return refuse(store.ErrInvalid, t.options.Store+" has no plain variables")
	case len(value) == 0:
		return refuse(store.ErrInvalid, "the value is empty")
	case len(value) > maxValue:
		return &store.Error{
			Op: "check", Ref: t.refTo(p.Scope, p.Name), Kind: store.ErrTooLarge,
			Detail: "the value is over the 48 KB that GitHub allows, sealed",
			Hint:   "keep what is large encrypted in the repository, and its key alone as a secret",
		}
	case bytes.IndexByte(value, 0) >= 0:
		return refuse(store.ErrInvalid, "the value has a NUL byte, which an environment variable cannot hold")
	case p.Kind == store.Variable && !utf8.Valid(value):
		return refuse(store.ErrInvalid, "the value is not UTF-8, as a plain variable's must be")
	}
	return t.checkVisibility(p)
}

// Kinds leaves plain variables to Actions, which alone has them.
func (t *Target) Kinds() []store.Kind {
	if t.options.Store != Actions {
		return []store.Kind{store.Secret}
	}
	return []store.Kind{store.Secret, store.Variable}
}

// Capacity gives GitHub's limits, less what the ledger may take.
// https://docs.github.com/actions/reference/security/secrets,
// https://docs.github.com/actions/reference/workflows-and-actions/variables
func (t *Target) Capacity(_ store.Scope, kind store.Kind) int {
	const ledger = 4
	limits := map[store.Kind]map[string]int{
		store.Secret:   {ScopeRepository: 100, ScopeEnvironment: 100, ScopeOrganization: 1000},
		store.Variable: {ScopeRepository: 500 - ledger, ScopeEnvironment: 100 - ledger, ScopeOrganization: 1000 - ledger},
	}
	return limits[kind][t.options.ScopeKind]
}
