package policy

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"

	"github.com/keyplumb/keyplumb/policy/finding"
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

// namesFit checks, once targets and secrets are known, what only both tell: that
// renames are of secrets that go there, and that GitLab's own names stay free.
func (r *reader) namesFit() {
	for i := range r.policy.Targets {
		t := &r.policy.Targets[i]
		arriving := map[string]bool{}
		var known []string
		for j := range r.policy.Secrets {
			s := &r.policy.Secrets[j]
			if !slices.Contains(s.To, t.Name) {
				continue
			}
			arriving[s.As] = true
			known = append(known, s.As)
			r.free(t, s)
		}
		for environment, names := range t.Rename {
			for as := range names {
				if !arriving[as] {
					at := t.Fields["rename."+environment+"."+as]
					r.add(span{at: at}, didYouMean(as, known), "rename: no secret %q goes to target %q", as, t.Name)
				}
			}
		}
	}
}

// free checks that a secret takes no name that GitLab keeps for itself.
func (r *reader) free(t *Target, s *Secret) {
	if t.Kind != "gitlab" {
		return
	}
	for _, b := range s.Bindings {
		name := t.NameOf(s, b.Environment)
		if !strings.HasPrefix(strings.ToUpper(name), "CI_") {
			continue
		}
		at := s.Position
		for _, field := range []finding.Position{s.Fields["as"], t.Fields["rename."+b.Environment+"."+s.As]} {
			if field.IsValid() {
				at = field
			}
		}
		r.add(span{at: at}, "give CI another name by as:", "names that begin with CI_ are GitLab's own, and %s goes to target %q", s.Name, t.Name)
	}
}
