package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// explain turns the model back into the language.
func explain(p *Policy) members {
	var environments, sources, targets, secrets members
	for _, e := range p.Environments {
		environments = append(environments, member{e.Name, members{{"tier", word(e.Tier)}}})
	}
	for i := range p.Sources {
		sources = append(sources, member{p.Sources[i].Name, explainSource(&p.Sources[i])})
	}
	for i := range p.Targets {
		targets = append(targets, member{p.Targets[i].Name, explainTarget(p, &p.Targets[i])})
	}
	for i := range p.Secrets {
		secrets = append(secrets, member{p.Secrets[i].Name, explainSecret(&p.Secrets[i])})
	}
	whole := members{{"environments", environments}, {"sources", sources}, {"targets", targets}, {"secrets", secrets}}
	if len(p.Rules) > 0 {
		whole = append(whole, member{"rules", explainRules(p.Rules)})
	}
	if len(p.Allow) > 0 {
		whole = append(whole, member{"allow", explainAllow(p.Allow)})
	}
	if p.LedgerKey != nil {
		whole = append(whole, member{"ledger", members{{"key", members{{"from", explainFrom(*p.LedgerKey)}}}}})
	}
	return whole
}

func explainSource(s *Source) members {
	of := members{{"kind", word(s.Kind)}}
	of = said(of, "path", s.Path)
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		if name == "kv" {
			of = append(of, member{name, number(s.Settings[name])})
			continue
		}
		of = said(of, name, s.Settings[name])
	}
	if len(s.Auth) > 0 {
		of = append(of, member{"auth", explainMap(s.Auth)})
	}
	return of
}

func explainTarget(p *Policy, t *Target) members {
	of := members{{"kind", word(t.Kind)}}
	of = said(of, "repository", t.Repository)
	of = said(of, "organization", t.Organization)
	of = said(of, "scope", t.ScopeKind)
	of = said(of, "store", t.Store)
	if t.ScopeKind == "environment" {
		of = append(of, member{"create", flag(t.Create)})
	}
	of = said(of, "project", t.Project)
	of = said(of, "group", t.Group)
	if t.Instance {
		of = append(of, member{"instance", flag(true)})
	}
	of = said(of, "url", t.URL)
	of = said(of, "path", t.Path)
	of = append(of, explainAttributes(t.Attributes)...)
	of = append(of, member{"only", explainOnly(p, t)}, member{"names", explainMap(t.Names)})
	if len(t.Rename) > 0 {
		var rename members
		for _, environment := range slices.Sorted(maps.Keys(t.Rename)) {
			rename = append(rename, member{environment, explainMap(t.Rename[environment])})
		}
		of = append(of, member{"rename", rename})
	}
	return of
}

// explainOnly says beside a GitLab target's environments which of them are
// protected, where that is not the same for all: the language has no word for
// it.
func explainOnly(p *Policy, t *Target) node {
	_, same := t.Attributes["protected"]
	if t.Kind != "gitlab" || same {
		return words(t.Only)
	}
	var production []string
	for _, environment := range t.Only {
		if p.Environment(environment).Tier == Production {
			production = append(production, environment)
		}
	}
	return remark{words(t.Only), "protected: " + strings.Join(production, ", ")}
}

func explainSecret(s *Secret) members {
	of := members{{"as", word(s.As)}, {"to", words(s.To)}}
	if len(s.To) == 0 {
		of = of[:1]
	}
	of = said(of, "owner", s.Owner)
	of = said(of, "description", s.Description)
	of = append(of, member{"rotate", word(explainRotation(s.Rotate))},
		member{"optional", flag(s.Optional)}, member{"sensitive", flag(s.Sensitive)})
	if s.Shared != nil {
		of = append(of, member{"shared", explainException(*s.Shared)})
	}
	of = append(of, explainAttributes(s.Attributes)...)
	var environments []string
	var in members
	for _, b := range s.Bindings {
		environments = append(environments, b.Environment)
		in = append(in, member{b.Environment, explainBinding(b)})
	}
	return append(of, member{"environments", words(environments)}, member{"in", in})
}

func explainBinding(b Binding) members {
	of := members{{"from", explainFrom(b.From)}}
	if b.Constraint.rule != nil {
		of = append(of, member{"value", b.Constraint})
	}
	if b.Hold != nil {
		of = append(of, member{"hold", explainException(*b.Hold)})
	}
	return of
}

func explainFrom(f From) members {
	if len(f.Parts) == 0 {
		return explainReference(f.Reference)
	}
	var parts members
	for _, part := range f.Parts {
		parts = append(parts, member{part.Name, explainReference(part.Reference)})
	}
	return members{{"parts", parts}, {"join", word(f.Join)}}
}

func explainReference(r Reference) members {
	of := members{{"source", word(r.Source)}}
	of = said(of, "path", r.Path)
	of = append(of, member{"field", word(r.Field)})
	return said(of, "version", r.Version)
}

func explainException(x Exception) members {
	return members{{"reason", word(x.Reason)}, {"until", word(x.Until.AddDate(0, 0, -1).Format(day))}}
}

func explainAllow(allow []Allowance) series {
	var all series
	for _, a := range allow {
		of := members{{"rule", word(a.Rule)}}
		of = said(of, "secret", a.Secret)
		of = said(of, "target", a.Target)
		all = append(all, append(of, explainException(a.Exception)...))
	}
	return all
}

func explainRules(rules map[string]Level) members {
	var of members
	for _, rule := range slices.Sorted(maps.Keys(rules)) {
		level := "off"
		if !rules[rule].Off {
			level = rules[rule].Severity.String()
		}
		of = append(of, member{rule, word(level)})
	}
	return of
}

// explainAttributes writes attributes in the kinds that the language has.
func explainAttributes(attributes map[string]string) members {
	var of members
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		switch text := attributes[name]; name {
		case "visibility":
			of = append(of, member{name, word(text)})
		case "repositories":
			of = append(of, member{name, words(strings.Split(text, ","))})
		default:
			of = append(of, member{name, flag(text == "true")})
		}
	}
	return of
}

func explainRotation(every time.Duration) string {
	const aDay = 24 * time.Hour
	switch {
	case every == 0:
		return never
	case every%aDay == 0:
		return fmt.Sprintf("%dd", every/aDay)
	default:
		return fmt.Sprintf("%dh", every/time.Hour)
	}
}

func explainMap(m map[string]string) members {
	var of members
	for _, name := range slices.Sorted(maps.Keys(m)) {
		of = append(of, member{name, word(m[name])})
	}
	return of
}

func words(list []string) series {
	var all series
	for _, text := range list {
		all = append(all, word(text))
	}
	return all
}

// said adds a string that there is.
func said(of members, name, text string) members {
	if text == "" {
		return of
	}
	return append(of, member{name, word(text)})
}
