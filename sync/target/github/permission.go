package github

import (
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// permission names the one that GitHub asks for a kind in this target's scope,
// as an App's token is asked to have it.
// https://docs.github.com/rest/authentication/permissions-required-for-github-apps
func (t *Target) permission(kind store.Kind) string {
	name := "secrets"
	switch {
	case t.options.ScopeKind == ScopeEnvironment:
		return "environments"
	case kind == store.Variable:
		name = "actions_variables"
	case t.options.Store != Actions:
		name = t.options.Store + "_secrets"
	}
	if t.options.ScopeKind == ScopeOrganization {
		name = "organization_" + name
	}
	return name
}

// reading is what a listing takes. Codespaces' take no less than a write.
func (t *Target) reading(kind store.Kind) string {
	if kind == store.Secret && t.options.Store == Codespaces {
		return t.writing(kind)
	}
	return t.permission(kind) + "=read"
}

func (t *Target) writing(kind store.Kind) string { return t.permission(kind) + "=write" }

// leastPermissions is what an App's token is minted with: to read, or to write.
func (t *Target) leastPermissions() map[string]string {
	needs := t.writing
	if t.options.ReadOnly {
		needs = t.reading
	}
	kinds := []store.Kind{store.Secret}
	if t.options.Variables {
		kinds = append(kinds, store.Variable)
	}
	out := map[string]string{"metadata": "read"}
	for _, kind := range kinds {
		name, level, _ := strings.Cut(needs(kind), "=")
		out[name] = level
	}
	if t.options.Create {
		out["actions"] = "read" // tells an environment that is missing from one that may not be seen
		if !t.options.ReadOnly {
			out["administration"] = "write"
		}
	}
	return out
}
