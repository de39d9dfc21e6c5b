package policy

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// Placements gives every variable that CI is to see: each secret, in each of
// its environments, in each target that takes both. The findings are mistakes
// that show only now: names that meet in one scope, scopes that meet.
func (p *Policy) Placements() ([]Placement, []finding.Finding) {
	var out []Placement
	for i := range p.Secrets {
		s := &p.Secrets[i]
		for j := range s.Bindings {
			out = append(out, p.placementsOf(s, &s.Bindings[j])...)
		}
	}
	findings := slices.Concat(p.sameScopes(), p.scopeSpellings(), p.collisions(out), p.idleAttributes(), p.ownSources(), p.gitlabMistakes(out))
	finding.Sort(findings)
	return out, findings
}

func (p *Policy) placementsOf(s *Secret, b *Binding) []Placement {
	var out []Placement
	for _, name := range s.To {
		t := p.Target(name)
		if t == nil || !slices.Contains(t.Only, b.Environment) {
			continue
		}
		out = append(out, Placement{
			Target: name, Scope: t.Scope(b.Environment), Name: t.NameOf(s, b.Environment),
			Secret: s, Binding: b, Attributes: t.attributes(s, p.Environment(b.Environment).Tier),
		})
	}
	return out
}

// flaw makes a finding about the policy itself.
func flaw(at finding.Position, help, format string, args ...any) finding.Finding {
	return finding.Finding{Rule: finding.Policy, Severity: finding.Error, Message: fmt.Sprintf(format, args...), Help: help, Position: at}
}

// sameScopes finds the targets that resolve to one scope.
func (p *Policy) sameScopes() []finding.Finding {
	var findings []finding.Finding
	first := map[string]*Target{}
	for i := range p.Targets {
		t := &p.Targets[i]
		told := false
		for _, environment := range t.Only {
			scope := t.place() + " " + t.oneScope(t.Scope(environment))
			other := first[scope]
			if other == nil {
				first[scope] = t
				continue
			}
			if other != t && !told {
				told = true
				findings = append(findings, flaw(t.Position, "make one target of the two, or limit each by only: to environments of its own",
					"targets %s and %s are one place: %s", other.Name, t.Name, t.Scope(environment)))
			}
		}
	}
	return findings
}

// scopeSpellings finds the environments of one target whose names at GitHub
// differ in case alone: GitHub has one environment for both, keyplumb would
// keep two ledgers of it.
func (p *Policy) scopeSpellings() []finding.Finding {
	var findings []finding.Finding
	for i := range p.Targets {
		t := &p.Targets[i]
		first := map[string]string{}
		for _, environment := range t.Only {
			scope := t.Scope(environment)
			other, taken := first[strings.ToLower(scope)]
			if !taken {
				first[strings.ToLower(scope)] = scope
				continue
			}
			if t.Kind == "github" && other != scope {
				findings = append(findings, flaw(t.Position, "spell it the same way in names: for both",
					"%s and %s of target %s are one place, spelled in two ways", other, scope, t.Name))
			}
		}
	}
	return findings
}

// collisions finds the names that meet in one scope. Stores compare names
// without case, or some do, so that two which differ in case alone meet, too.
func (p *Policy) collisions(placements []Placement) []finding.Finding {
	var findings []finding.Finding
	first := map[string]Placement{}
	told := map[[2]string]bool{}
	for _, place := range placements {
		key := place.Target + " " + p.Target(place.Target).oneScope(place.Scope) + " " + strings.ToUpper(place.Name)
		other, taken := first[key]
		if !taken {
			first[key] = place
			continue
		}
		pair := [2]string{other.Secret.Name, place.Secret.Name}
		if told[pair] {
			continue
		}
		told[pair] = true
		findings = append(findings, collision(other, place))
	}
	return findings
}

func collision(a, b Placement) finding.Finding {
	if a.Secret == b.Secret {
		return flaw(b.Secret.Position,
			fmt.Sprintf("give target %s a rename:, or limit it by only: to one environment", b.Target),
			"%s would be written twice to %s of target %s: from %s and from %s",
			b.Name, b.Scope, b.Target, a.Binding.Environment, b.Binding.Environment)
	}
	if a.Secret.Position.Compare(b.Secret.Position) > 0 {
		a, b = b, a
	}
	how := "are both " + b.Name
	if a.Name != b.Name {
		how = fmt.Sprintf("differ only in case (%s, %s)", a.Name, b.Name)
	}
	return flaw(b.Secret.Position, "give one of them another name by as:, or send them to different targets by to:",
		"%s and %s %s in %s of target %s", a.Secret.Name, b.Secret.Name, how, b.Scope, b.Target)
}

// idleAttributes finds the attributes of a secret that no store has, of all
// that it goes to: they would be taken for set.
func (p *Policy) idleAttributes() []finding.Finding {
	var findings []finding.Finding
	for i := range p.Secrets {
		s := &p.Secrets[i]
		for _, name := range slices.Sorted(maps.Keys(s.Attributes)) {
			if slices.ContainsFunc(s.To, func(target string) bool {
				t := p.Target(target)
				return t != nil && slices.Contains(t.attributeNames(), name)
			}) {
				continue
			}
			at, written := s.Fields[name]
			if !written {
				at = s.Position
			}
			findings = append(findings, flaw(at, "leave it out, or send the secret to a target that has it",
				"%s sets %s, which no target that it goes to has", s.Name, name))
		}
	}
	return findings
}

// ownSources finds the dotenv targets that would be written to the very file
// that a source reads.
func (p *Policy) ownSources() []finding.Finding {
	var findings []finding.Finding
	for i := range p.Targets {
		t := &p.Targets[i]
		for _, s := range p.Sources {
			if t.Kind == "dotenv" && slices.ContainsFunc(t.Only, func(environment string) bool {
				return path.Clean(s.For(environment).Path) == path.Clean(fillEnv(t.Path, environment))
			}) {
				findings = append(findings, flaw(t.Position, "give the target a file of its own by path:",
					"target %s would be written to the file that source %s reads", t.Name, s.Name))
			}
		}
	}
	return findings
}
