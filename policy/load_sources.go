package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"cuelang.org/go/cue"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// A sourceKind is what the language knows of one kind of source, whether or
// not this build can read it.
type sourceKind struct {
	settings []string // its own, besides kind and path
	auth     []string // fields of auth; none: it has no auth
	methods  []string // the ways to log in, the default first; none: auth.method is of no use
	file     bool     // path is a file of the repository
	pathless bool     // references have no path
	versions bool     // references may name a version
	whole    bool     // a secret is one value, without fields
	path     string   // the default of path
	needs    []string // what it cannot do without
}

// The ways to log in to a cloud: its own chain of credentials, or the token by
// which a job proves who it is.
var cloudMethods = []string{"default", "oidc"}

func sourceKinds() map[string]sourceKind {
	return map[string]sourceKind{
		"sops":   {file: true, needs: []string{"path"}},
		"dotenv": {file: true, path: ".env." + envPlaceholder},
		"env":    {pathless: true},
		"vault": {
			settings: []string{"address", "mount", "namespace", "kv"},
			auth:     []string{"method", "role", "mount", "audience"}, versions: true,
			methods: []string{"token", "approle", "jwt", "kubernetes"},
		},
		"aws":   {settings: []string{"region", "address"}, auth: []string{"method", "role", "audience"}, methods: cloudMethods, versions: true},
		"ssm":   {settings: []string{"region", "address"}, auth: []string{"method", "role", "audience"}, methods: cloudMethods, versions: true, whole: true},
		"gcp":   {settings: []string{"project", "location", "address"}, auth: []string{"method", "provider", "role", "audience"}, methods: cloudMethods, versions: true, whole: true},
		"azure": {settings: []string{"address"}, auth: []string{"method", "tenant", "role", "audience"}, methods: cloudMethods, versions: true, whole: true, needs: []string{"address"}},
		"kubernetes": {
			settings: []string{"address", "namespace", "context"},
			auth:     []string{"method", "audience"}, methods: cloudMethods,
		},
	}
}

func (r *reader) sources(v cue.Value) {
	if r.each(v, r.source) && len(r.known.sources) == 0 {
		r.add(labelSpan(v), "", "the policy has no sources")
	}
	sortByName(r.policy.Sources, func(s Source) string { return s.Name })
}

func (r *reader) source(name string, v cue.Value) {
	s := Source{Name: name, Position: labelSpan(v).at, Fields: map[string]finding.Position{}}
	fields := r.fields(v)
	if fields == nil {
		return
	}
	word, ok := r.kind(v, fields, "source", slices.Sorted(maps.Keys(r.kinds)))
	if !ok {
		return
	}
	s.Kind = word
	kind := r.kinds[word]
	s.Path, s.Settings, s.Auth = kind.path, map[string]string{}, map[string]string{}
	known := sourceFields(kind)
	r.required(v, fields, known, kind.needs)
	for field, value := range fields {
		s.Fields[field] = valueSpan(value).at
		if !slices.Contains(known, field) {
			r.unknown(field, "a "+word+" source", value, known)
			continue
		}
		r.sourceField(&s, kind, field, value)
	}
	switch word {
	case "vault":
		r.vault(&s, v)
	case "aws", "ssm", "azure":
		r.cloud(&s, v)
	case "gcp":
		r.cloud(&s, v)
		r.google(v)
	case "kubernetes":
		r.cloud(&s, v)
		r.kubernetes(&s, v)
	}
	r.audience(&s, v)
	r.policy.Sources = append(r.policy.Sources, s)
}

func sourceFields(kind sourceKind) []string {
	fields := []string{"kind"}
	if !kind.pathless {
		fields = append(fields, "path")
	}
	fields = append(fields, kind.settings...)
	if kind.auth != nil {
		fields = append(fields, "auth")
	}
	return fields
}

func (r *reader) sourceField(s *Source, kind sourceKind, field string, v cue.Value) {
	switch field {
	case "kind":
	case "path":
		if kind.file {
			s.Path, _ = r.inside(v)
		} else {
			s.Path, _ = r.templated(v)
		}
	case "address":
		s.Settings[field], _ = r.address(v)
	case "kv":
		s.Settings[field] = r.engineVersion(v)
	case "auth":
		r.each(v, func(name string, value cue.Value) {
			s.Fields["auth."+name] = valueSpan(value).at
			if !slices.Contains(kind.auth, name) {
				r.unknown(name, "auth of a "+s.Kind+" source", value, kind.auth)
				return
			}
			s.Auth[name], _ = r.authField(kind, name, value)
		})
	default:
		s.Settings[field], _ = r.templated(v)
	}
}

func (r *reader) authField(kind sourceKind, name string, v cue.Value) (string, bool) {
	if name == "method" {
		return r.choice(v, "way to log in", kind.methods)
	}
	return r.templated(v)
}

// engineVersion reads the version of Vault's key-value engine.
func (r *reader) engineVersion(v cue.Value) string {
	if !r.is(v, cue.IntKind) {
		return ""
	}
	n, err := v.Int64()
	if err != nil || n < 1 || n > 2 {
		r.add(valueSpan(v), "Vault's key-value engine has versions 1 and 2", "%s must be 1 or 2", pathOf(v))
	}
	return strconv.FormatInt(n, 10)
}

// required tells what is missing, unless a field that nobody knows may be it.
func (r *reader) required(v cue.Value, fields map[string]cue.Value, known, needs []string) {
	if strange(fields, known) {
		return
	}
	for _, need := range needs {
		if _, ok := fields[need]; !ok {
			r.add(labelSpan(v), "", "%s has no %s", pathOf(v), need)
		}
	}
}

// strange tells whether there are fields that are not known.
func strange(fields map[string]cue.Value, known []string) bool {
	for name := range fields {
		if !slices.Contains(known, name) {
			return true
		}
	}
	return false
}

// fields collects a struct's fields; nil where it is none.
func (r *reader) fields(v cue.Value) map[string]cue.Value {
	fields := map[string]cue.Value{}
	if !r.each(v, func(name string, field cue.Value) { fields[name] = field }) {
		return nil
	}
	return fields
}

// kind reads what kind of thing a struct is: until that is known, nothing else
// in it can be judged.
func (r *reader) kind(v cue.Value, fields map[string]cue.Value, of string, kinds []string) (string, bool) {
	field, ok := fields["kind"]
	if !ok {
		for name, value := range fields {
			if near, slip := nearest(name, []string{"kind"}); slip {
				r.add(labelSpan(value), fmt.Sprintf("did you mean %q?", near), "%s has no field %q", "a "+of, name)
				return "", false
			}
		}
		r.add(labelSpan(v), "give it one of: "+oneOf(kinds), "%s has no kind", pathOf(v))
		return "", false
	}
	return r.choice(field, "kind of "+of, kinds)
}
