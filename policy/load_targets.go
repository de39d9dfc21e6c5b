package policy

import (
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"

	"github.com/keyplumb/keyplumb/policy/finding"
)

var targetKinds = []string{"github", "gitlab", "dotenv"}

// targetFields are the fields of every target, and each kind's own.
func targetFields(kind string) []string {
	common := []string{"kind", "only", "names", "rename"}
	switch kind {
	case "github":
		return append(common, "repository", "organization", "scope", "store", "create", "visibility", "repositories")
	case "gitlab":
		return append(common, "project", "group", "instance", "url", "masked", "protected", "hidden", "file", "raw")
	default:
		return append(common, "path")
	}
}

func (r *reader) targets(v cue.Value) {
	if r.each(v, r.target) && len(r.known.targets) == 0 {
		r.add(labelSpan(v), "", "the policy has no targets")
	}
	sortByName(r.policy.Targets, func(t Target) string { return t.Name })
}

func (r *reader) target(name string, v cue.Value) {
	t := Target{Name: name, Position: labelSpan(v).at, Fields: map[string]finding.Position{}, Attributes: map[string]string{}}
	fields := r.fields(v)
	if fields == nil {
		return
	}
	kind, ok := r.kind(v, fields, "target", targetKinds)
	if !ok {
		return
	}
	t.Kind = kind
	known := targetFields(kind)
	for field, value := range fields {
		t.Fields[field] = valueSpan(value).at
		if !slices.Contains(known, field) {
			r.unknown(field, "a "+kind+" target", value, known)
			continue
		}
		r.targetField(&t, field, value)
	}
	r.onlySome(&t, fields["only"])
	r.storeNames(&t, fields["names"])
	switch kind {
	case "github":
		r.github(&t, v, fields)
	case "gitlab":
		r.gitlab(&t, v, fields)
		r.environmentScopes(&t, fields["names"])
	case "dotenv":
		r.dotenv(&t, fields)
	}
	r.policy.Targets = append(r.policy.Targets, t)
}

// targetField reads a field that stands for itself; the rest depend on others.
func (r *reader) targetField(t *Target, field string, v cue.Value) {
	switch field {
	case "repository":
		t.Repository, _ = r.matching(v, repositoryName, "write it like owner/name")
	case "organization":
		t.Organization, _ = r.matching(v, ownerName, "")
	case "scope":
		t.ScopeKind, _ = r.choice(v, "scope", []string{"environment", "repository", "organization"})
	case "store":
		t.Store, _ = r.choice(v, "store", []string{"actions", "dependabot", "codespaces"})
	case "create":
		t.Create, _ = r.flag(v)
	case "project":
		t.Project, _ = r.gitlabPath(v, "write it like group/project")
	case "group":
		t.Group, _ = r.gitlabPath(v, "write it like group/subgroup")
	case "instance":
		t.Instance, _ = r.flag(v)
	case "url":
		t.URL, _ = r.gitlabURL(v)
	case "path":
		t.Path, _ = r.inside(v)
	default:
		r.attribute(t.Attributes, field, v)
	}
}

// attributeFields are what stores keep of a variable besides its value.
var attributeFields = []string{"visibility", "repositories", "masked", "protected", "hidden", "file", "raw"}

var visibilities = []string{"all", "private", "selected"}

// attribute reads one of them; false where the field is none.
func (r *reader) attribute(into map[string]string, field string, v cue.Value) bool {
	switch field {
	case "visibility":
		if word, ok := r.choice(v, "visibility", visibilities); ok {
			into[field] = word
		}
	case "repositories":
		if names, ok := r.texts(v, r.nonEmpty); ok {
			into[field] = strings.Join(names, ",")
		}
	case "masked", "protected", "hidden", "file", "raw":
		if on, ok := r.flag(v); ok {
			into[field] = strconv.FormatBool(on)
		}
	default:
		return false
	}
	return true
}

// onlySome reads the environments that a target takes; all by default.
func (r *reader) onlySome(t *Target, v cue.Value) {
	t.Only = r.known.environments
	if v.Exists() {
		t.Only, _ = r.texts(v, r.named("environment", r.known.environments))
	}
}

// storeNames reads the store's names of environments; their own by default.
func (r *reader) storeNames(t *Target, v cue.Value) {
	t.Names = map[string]string{}
	for _, environment := range t.Only {
		t.Names[environment] = environment
	}
	if !v.Exists() {
		return
	}
	r.each(v, func(environment string, value cue.Value) {
		t.Fields["names."+environment] = valueSpan(value).at
		if !r.exists("environment", environment, r.known.environments, value) {
			return
		}
		name, ok := r.nonEmpty(value)
		if ok && slices.Contains(t.Only, environment) {
			t.Names[environment] = name
		}
	})
}
