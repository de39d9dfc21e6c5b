package policy

import (
	"cmp"
	"slices"

	"cuelang.org/go/cue"

	"github.com/keyplumb/keyplumb/policy/finding"
)

var topFields = []string{"environments", "sources", "targets", "secrets", "rules", "allow", "ledger"}

// read fills the model. The names of things are read before what refers to
// them, whatever the order in the files.
func (r *reader) read(e *evaluation) {
	top := map[string]cue.Value{}
	r.each(e.policy, func(name string, field cue.Value) {
		if !slices.Contains(topFields, name) {
			r.unknown(name, "a policy", field, topFields)
			return
		}
		top[name] = field
	})
	if !r.complete(top) {
		return
	}
	r.known.sources, r.known.targets = r.names(top["sources"]), r.names(top["targets"])
	r.known.secrets = r.names(top["secrets"])
	r.environments(top["environments"])
	r.sources(top["sources"])
	r.targets(top["targets"])
	top = e.fill(r.outline(top), top)
	r.renames(top["targets"])
	r.secrets(top["secrets"])
	r.renamesFit()
	r.rules(top["rules"])
	r.allowances(top["allow"])
	r.ledger(top["ledger"])
}

// complete tells what a policy cannot be without.
func (r *reader) complete(top map[string]cue.Value) bool {
	if len(top) == 0 {
		r.add(r.start, "name its environments, sources, targets and secrets", "the policy is empty")
		return false
	}
	whole := true
	for _, name := range topFields[:4] {
		if _, ok := top[name]; !ok {
			r.add(r.start, "", "%s", "the policy has no "+name)
			whole = false
		}
	}
	return whole
}

// names gives the sorted names of a struct's fields, saying nothing of
// mistakes: who reads the fields does.
func (r *reader) names(v cue.Value) []string {
	fields, err := v.Fields()
	if err != nil {
		return nil
	}
	var names []string
	for fields.Next() {
		names = append(names, fields.Selector().Unquoted())
	}
	slices.Sort(names)
	return names
}

func (r *reader) environments(v cue.Value) {
	r.known.environments = r.names(v)
	if r.each(v, r.environment) && len(r.known.environments) == 0 {
		r.add(labelSpan(v), "", "the policy has no environments")
	}
	sortByName(r.policy.Environments, func(e Environment) string { return e.Name })
}

var environmentFields = []string{"tier"}

var tiers = []string{string(Development), string(Test), string(Staging), string(Production)}

func (r *reader) environment(name string, v cue.Value) {
	environment := Environment{Name: name, Position: labelSpan(v).at}
	if !environmentName.MatchString(name) {
		r.add(labelSpan(v), "use letters, digits, and . _ - between them", "%q cannot name an environment", name)
	}
	tiered, strange := false, false
	ok := r.each(v, func(field string, value cue.Value) {
		if field != "tier" {
			r.unknown(field, "an environment", value, environmentFields)
			strange = true
			return
		}
		tiered = true
		tier, _ := r.choice(value, "tier", tiers)
		environment.Tier = Tier(tier)
	})
	if ok && !tiered && !strange {
		r.add(labelSpan(v), "give it one of: "+oneOf(tiers), "environment %q has no tier", name)
	}
	r.policy.Environments = append(r.policy.Environments, environment)
}

// rules reads the levels that the policy gives to rules.
func (r *reader) rules(v cue.Value) {
	if !v.Exists() {
		return
	}
	slugs := ruleSlugs()
	r.policy.Rules = map[string]Level{}
	r.each(v, func(rule string, value cue.Value) {
		if !r.exists("rule", rule, slugs, value) {
			return
		}
		word, ok := r.choice(value, "level", []string{"error", "warning", "info", "off"})
		if !ok {
			return
		}
		severity, on := finding.ParseSeverity(word)
		r.policy.Rules[rule] = Level{Off: !on, Severity: severityOf(severity, on)}
	})
}

// severityOf is the severity of a rule that is on; off has none.
func severityOf(severity finding.Severity, on bool) finding.Severity {
	if !on {
		return finding.Info
	}
	return severity
}

func ruleSlugs() []string {
	var slugs []string
	for _, rule := range finding.Rules() {
		slugs = append(slugs, rule.ID)
	}
	return slugs
}

func sortByName[T any](list []T, name func(T) string) {
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(name(a), name(b)) })
}
