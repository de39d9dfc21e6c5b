package policy

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// MaxDescription is the longest description of a secret that goes to GitLab, in
// characters: of the 255 that GitLab has, 160 are for the ledger's entry and
// one stands between the two.
const MaxDescription = 255 - 160 - 1

// maxKey is the longest name of a variable that GitLab takes.
const maxKey = 255

// ledgerMark is how the ledger's entry in a description begins.
const ledgerMark = "kp1:"

// gitlabMistakes finds what only GitLab would refuse.
func (p *Policy) gitlabMistakes(placements []Placement) []finding.Finding {
	var there []Placement
	for _, place := range placements {
		if p.Target(place.Target).Kind == "gitlab" {
			there = append(there, place)
		}
	}
	var findings []finding.Finding
	told := map[*Secret]bool{}
	for _, place := range there {
		if s := place.Secret; !told[s] {
			told[s] = true
			findings = append(findings, descriptions(s)...)
		}
	}
	return slices.Concat(findings, reservedNames(there), p.longNames(there), p.hiddenUnmasked(there), p.rivalWildcards(there))
}

// reservedNames finds the names that only the store of a target keeps for
// itself; those that no store takes were told when the policy was read.
func reservedNames(placements []Placement) []finding.Finding {
	var findings []finding.Finding
	told := map[*Secret]bool{}
	for _, place := range placements {
		if !strings.HasPrefix(strings.ToUpper(place.Name), "CI_") || told[place.Secret] {
			continue
		}
		told[place.Secret] = true
		findings = append(findings, flaw(place.Secret.Position, "give CI another name by as:",
			"names that begin with CI_ are GitLab's own, and %s goes to target %s", place.Name, place.Target))
	}
	return findings
}

// longNames finds the names of variables that are too long, each where it is
// written.
func (p *Policy) longNames(placements []Placement) []finding.Finding {
	var findings []finding.Finding
	told := map[finding.Position]bool{}
	for _, place := range placements {
		if len(place.Name) <= maxKey {
			continue
		}
		at := p.nameAt(place)
		if !told[at] {
			told[at] = true
			findings = append(findings, flaw(at, "give CI a shorter name by as:, or by the target's rename:",
				"a name of %d characters is longer than the %d that GitLab takes, and goes to target %s", len(place.Name), maxKey, place.Target))
		}
	}
	return findings
}

// nameAt is where the name that CI sees is written.
func (p *Policy) nameAt(place Placement) finding.Position {
	s, environment := place.Secret, place.Binding.Environment
	if at, renamed := p.Target(place.Target).Fields["rename."+environment+"."+s.As]; renamed {
		return at
	}
	if at, named := s.Fields["as"]; named {
		return at
	}
	return s.Position
}

// descriptions finds what a description cannot hold beside the ledger's entry.
func descriptions(s *Secret) []finding.Finding {
	text := s.Description
	at, help := s.Fields["description"], "say it in a few words; a comment in the policy has room for more"
	switch n := utf8.RuneCountInString(text); {
	case strings.ContainsFunc(text, isBreak):
		return []finding.Finding{flaw(at, help, "a description that goes to GitLab is one line of plain text")}
	case strings.TrimSpace(text) != text:
		return []finding.Finding{flaw(at, "", "a description that goes to GitLab begins and ends with no space")}
	case strings.Contains(text, ledgerMark):
		return []finding.Finding{flaw(at, "leave "+ledgerMark+" out", "%s in a description at GitLab is the beginning of the ledger's entry", ledgerMark)}
	case n > MaxDescription:
		return []finding.Finding{flaw(at, help,
			"a description of %d characters is longer than the %d that GitLab has beside the ledger's entry", n, MaxDescription)}
	}
	return nil
}

// isBreak tells a character that has no place in a line of text.
func isBreak(c rune) bool { return unicode.IsControl(c) || unicode.In(c, unicode.Zl, unicode.Zp) }

// hiddenUnmasked finds the secrets that are to be hidden and not masked, of
// which at least one is the secret's own word.
func (p *Policy) hiddenUnmasked(placements []Placement) []finding.Finding {
	var findings []finding.Finding
	told := map[*Secret]bool{}
	for _, place := range placements {
		s := place.Secret
		if told[s] || place.Attributes["hidden"] != "true" || place.Attributes["masked"] != "false" {
			continue
		}
		told[s] = true
		at, help := s.Fields["masked"], "leave masked: false out, or set hidden: false beside it"
		if _, its := s.Attributes["masked"]; !its {
			at, help = s.Fields["hidden"], "leave hidden: true out, or set masked: true beside it"
		}
		findings = append(findings, flaw(at, help,
			"%s is hidden and not masked in target %s: what GitLab hides it masks, too", s.Name, place.Target))
	}
	return findings
}

// rivalWildcards finds variables of one name whose environment scopes are two
// wildcards that match some environment in common: which of the two a job gets
// GitLab does not say.
func (p *Policy) rivalWildcards(placements []Placement) []finding.Finding {
	var findings []finding.Finding
	before := map[[2]string][]Placement{}
	told := map[[2]finding.Position]bool{}
	for _, place := range placements {
		scope := p.environmentScopeOf(place)
		if ScopeRank(scope) != wildcardRank {
			continue
		}
		key := [2]string{p.Target(place.Target).place(), place.Name}
		for _, other := range before[key] {
			rival := p.environmentScopeOf(other)
			at := [2]finding.Position{p.scopeAt(other), p.scopeAt(place)}
			if rival == scope || !ScopesMeet(rival, scope) {
				continue
			}
			if at[0].Compare(at[1]) > 0 {
				at[0], at[1], rival, scope = at[1], at[0], scope, rival
			}
			if told[at] {
				continue
			}
			told[at] = true
			findings = append(findings, flaw(at[1], "name the environments, so that no two wildcards match one",
				"%s and %s match some environments in common, and GitLab does not say which of the two %s a job gets there", rival, scope, place.Name))
		}
		before[key] = append(before[key], place)
	}
	return findings
}

// environmentScopeOf gives the environment scope of a GitLab placement; "" for
// the instance, which has none.
func (p *Policy) environmentScopeOf(place Placement) string {
	t := p.Target(place.Target)
	if t.Instance {
		return ""
	}
	return t.Names[place.Binding.Environment]
}

func (p *Policy) scopeAt(place Placement) finding.Position {
	return p.Target(place.Target).Fields["names."+place.Binding.Environment]
}
