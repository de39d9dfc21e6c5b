package policy

import "strings"

// Target finds a target by its name; nil where there is none.
func (p *Policy) Target(name string) *Target {
	for i := range p.Targets {
		if p.Targets[i].Name == name {
			return &p.Targets[i]
		}
	}
	return nil
}

// Environment finds an environment by its name; the zero one where there is
// none.
func (p *Policy) Environment(name string) Environment {
	for _, e := range p.Environments {
		if e.Name == name {
			return e
		}
	}
	return Environment{}
}

// Scope gives the scope that an environment's secrets have in the target, in
// the words of reports.
func (t *Target) Scope(environment string) string {
	name := t.Names[environment]
	if name == "" {
		name = environment
	}
	switch {
	case t.Kind == "dotenv":
		return "file:" + fillEnv(t.Path, environment)
	case t.Kind == "gitlab" && t.Instance:
		return "instance"
	case t.Kind == "gitlab" && t.Group != "":
		return "group:" + name
	case t.Kind == "gitlab":
		return "project:" + name
	case t.ScopeKind == "environment":
		return "environment:" + name
	default:
		return t.ScopeKind
	}
}

// oneScope gives the form in which a scope's name is compared: GitLab's
// environment scopes are told apart by case, everything else is not.
func (t *Target) oneScope(scope string) string {
	if t.Kind == "gitlab" {
		return scope
	}
	return strings.ToLower(scope)
}

// place names what the target's scopes are in, so that two targets that write
// to one namespace can be told. Stores compare these without case.
func (t *Target) place() string {
	where := t.Repository + t.Organization + t.Project + t.Group
	return strings.ToLower(strings.Join([]string{t.Kind, t.Server(), t.Store, where}, " "))
}
