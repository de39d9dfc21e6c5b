package github

import (
	"net/url"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// paths are where a scope's things are, without a leading slash, escaped.
type paths struct {
	environment string // the environment itself; "" for other scopes
	secrets     string
	variables   string // the ledger's too, whatever the store
}

// repository is the path of a repository of the target's owner.
func (t *Target) repository(name string) string {
	return "repos/" + t.owner + "/" + name
}

// paths resolves a scope, which must be of the target's own kind.
func (t *Target) paths(scope store.Scope) (paths, error) {
	kind, name, _ := strings.Cut(string(scope), ":")
	invalid := &store.Error{Op: "use scope", Ref: t.refOf(scope), Kind: store.ErrInvalid}
	if kind != t.options.ScopeKind || name != "" && kind != ScopeEnvironment {
		invalid.Detail = "this target's scope is " + t.options.ScopeKind
		return paths{}, invalid
	}
	switch kind {
	case ScopeOrganization:
		org := "orgs/" + t.owner
		return paths{secrets: org + "/" + t.options.Store + "/secrets", variables: org + "/actions/variables"}, nil
	case ScopeRepository:
		repo := t.repository(t.name)
		return paths{secrets: repo + "/" + t.options.Store + "/secrets", variables: repo + "/actions/variables"}, nil
	}
	// As GitHub: at most 255 characters. The dots would leave the repository.
	if name == "" || isDots(name) || len([]rune(name)) > 255 {
		invalid.Detail = "that cannot be an environment's name"
		return paths{}, invalid
	}
	env := t.repository(t.name) + "/environments/" + url.PathEscape(name)
	return paths{environment: env, secrets: env + "/secrets", variables: env + "/variables"}, nil
}

// of gives the path of one kind.
func (p paths) of(kind store.Kind) string {
	if kind == store.Variable {
		return p.variables
	}
	return p.secrets
}

// refOf names a scope in errors.
func (t *Target) refOf(scope store.Scope) string { return t.ref() + " " + string(scope) }

func (t *Target) refTo(scope store.Scope, name string) string { return t.refOf(scope) + " " + name }
