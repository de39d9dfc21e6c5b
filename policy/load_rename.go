package policy

import (
	"slices"

	"cuelang.org/go/cue"
)

// renames reads the names that targets give to secrets, once the patterns have
// been filled.
func (r *reader) renames(targets cue.Value) {
	for i := range r.policy.Targets {
		t := &r.policy.Targets[i]
		rename := field(field(targets, t.Name), "rename")
		if !rename.Exists() {
			continue
		}
		t.Rename = map[string]map[string]string{}
		r.each(rename, func(environment string, names cue.Value) {
			if r.exists("environment", environment, r.known.environments, names) {
				r.renamed(t, environment, names)
			}
		})
	}
}

func (r *reader) renamed(t *Target, environment string, names cue.Value) {
	to := map[string]string{}
	r.each(names, func(as string, v cue.Value) {
		if v.IncompleteKind() == cue.TopKind {
			return // made for patterns, and none of them spoke
		}
		name, ok := r.nonEmpty(v)
		if ok && r.secretNamed(name, valueSpan(v)) {
			to[as] = name
			t.Fields["rename."+environment+"."+as] = valueSpan(v).at
		}
	})
	if len(to) > 0 {
		t.Rename[environment] = to
	}
}

// renamesFit checks, once the secrets are known, that renames are of secrets
// that go there.
func (r *reader) renamesFit() {
	for i := range r.policy.Targets {
		t := &r.policy.Targets[i]
		var arriving []string
		for j := range r.policy.Secrets {
			if s := &r.policy.Secrets[j]; slices.Contains(s.To, t.Name) {
				arriving = append(arriving, s.As)
			}
		}
		for environment, names := range t.Rename {
			for as := range names {
				if !slices.Contains(arriving, as) {
					at := t.Fields["rename."+environment+"."+as]
					r.add(span{at: at}, didYouMean(as, arriving), "rename: no secret %q goes to target %q", as, t.Name)
				}
			}
		}
	}
}
