package policy

import (
	"fmt"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// use is a reference, by one secret in one environment.
type use struct {
	secret      *Secret
	environment Environment
}

// sharedReferences finds the values that are shared by construction: one
// reference that more than one environment reads.
func sharedReferences(p *Policy, c Context) []finding.Finding {
	uses := map[Reference][]use{}
	var order []Reference
	for i := range p.Secrets {
		s := &p.Secrets[i]
		for j := range s.Bindings {
			b := &s.Bindings[j]
			for _, ref := range p.secretReferences(b) {
				if uses[ref] == nil {
					order = append(order, ref)
				}
				uses[ref] = append(uses[ref], use{s, p.Environment(b.Environment)})
			}
		}
	}
	var findings []finding.Finding
	told := map[string]bool{}
	for _, ref := range order {
		f, found := sharedReference(ref, uses[ref], c)
		if key := f.Message + f.Position.String(); found && !told[key] {
			told[key] = true
			findings = append(findings, f)
		}
	}
	return findings
}

// secretReferences gives what a binding reads, with what makes the place the
// same or another: a source whose address or path differs by environment has
// another place for each.
func (p *Policy) secretReferences(b *Binding) []Reference {
	refs := []Reference{b.From.Reference}
	if len(b.From.Parts) > 0 {
		refs = nil
		for _, part := range b.From.Parts {
			refs = append(refs, part.Reference)
		}
	}
	for i := range refs {
		if s := p.Source(refs[i].Source); s != nil && s.variesByEnvironment() {
			refs[i].Source += "\x00" + b.Environment
		}
	}
	return refs
}

// variesByEnvironment tells whether a source is another place in each
// environment, its path aside, which references have taken over.
func (s *Source) variesByEnvironment() bool {
	for _, text := range s.Settings {
		if fillEnv(text, "a") != fillEnv(text, "b") {
			return true
		}
	}
	return s.Kind == "env" // the job's own environment
}

// sharedReference judges one reference by the worst pair of its uses.
func sharedReference(ref Reference, uses []use, c Context) (finding.Finding, bool) {
	worst, found := finding.Info, false
	var from, to use
	for i, a := range uses {
		for _, b := range uses[i+1:] {
			if a.environment.Name == b.environment.Name || excusedPair(a, b, c) {
				continue
			}
			if s := Across(a.environment.Tier, b.environment.Tier); !found || s > worst {
				worst, found, from, to = s, true, a, b
			}
		}
	}
	if !found {
		return finding.Finding{}, false
	}
	f := about(breach("shared-reference", to.secret.Position,
		fmt.Sprintf("%s and %s are one value: both come from %s", from.name(to), to.name(from), ref.describe()),
		"give each environment a place of its own ({env} in the source's path), or say why: "+Excuse("shared-reference", from.secret, to.secret)), to.secret)
	f.Severity, f.Environment = worst, to.environment.Name
	if from.secret != to.secret {
		f.Also = []string{from.secret.Name}
	}
	return f, true
}

// Excuse says how two secrets, or one in two environments, are let share a
// value.
func Excuse(rule string, a, b *Secret) string {
	if a == b {
		return fmt.Sprintf("%s: shared: {reason: \"…\", until: \"YYYY-MM-DD\"}", a.Name)
	}
	return fmt.Sprintf("allow: [{rule: %q, secret: %q, reason: \"…\", until: \"YYYY-MM-DD\"}]", rule, b.Name)
}

// name names a use beside another: by its environment alone where both are of
// one secret, which the finding is about.
func (u use) name(beside use) string {
	if u.secret == beside.secret {
		return u.environment.Name
	}
	return u.secret.Name + " in " + u.environment.Name
}

func excusedPair(a, b use, c Context) bool {
	if !a.secret.Sensitive && !b.secret.Sensitive {
		return true
	}
	return a.secret == b.secret && a.secret.Shared != nil && c.Now.Before(a.secret.Shared.Until)
}

// describe names a reference by its path and field.
func (r Reference) describe() string {
	switch {
	case r.Field == "":
		return r.Path
	case r.Path == "":
		return r.Field
	}
	return r.Path + " " + r.Field
}
