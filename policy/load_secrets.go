package policy

import (
	"slices"
	"time"

	"cuelang.org/go/cue"

	"github.com/keyplumb/keyplumb/policy/finding"
)

const defaultRotation = 90 * 24 * time.Hour

// secretFields are the fields of a secret; the attributes follow.
func secretFields() []string {
	return append([]string{"as", "to", "in", "environments", "owner", "description", "rotate", "optional", "sensitive", "shared"}, attributeFields...)
}

// A draft is a secret as far as it is read before its bindings.
type draft struct {
	Secret
	where        span
	environments []string
	in, to       cue.Value
}

func (r *reader) secrets(v cue.Value) {
	r.each(v, r.secret)
	sortByName(r.policy.Secrets, func(s Secret) string { return s.Name })
}

func (r *reader) secret(name string, v cue.Value) {
	where := labelSpan(v)
	d := draft{
		where:        where,
		Secret:       Secret{Name: name, As: name, Rotate: defaultRotation, Sensitive: true, Position: where.at, Fields: map[string]finding.Position{}},
		environments: r.known.environments,
	}
	named := false
	ok := r.each(v, func(field string, value cue.Value) {
		d.Fields[field] = valueSpan(value).at
		switch field {
		case "as":
			named = true
			if as, ok := r.text(value); ok && r.secretNamed(as, valueSpan(value)) {
				d.As = as
			}
		case "to":
			d.to = value
			d.To, _ = r.texts(value, r.named("target", r.known.targets))
		case "environments":
			d.environments, _ = r.texts(value, r.named("environment", r.known.environments))
		case "in":
			d.in = value
		default:
			r.secretField(&d.Secret, field, value)
		}
	})
	if !ok {
		return
	}
	if !named {
		r.secretNamed(name, where)
	} else if !secretName.MatchString(name) {
		r.add(where, "use letters, digits and _, no digit first", "%q cannot name a secret", name)
	}
	r.place(&d)
	r.bindings(&d)
	r.policy.Secrets = append(r.policy.Secrets, d.Secret)
}

// secretField reads a field that depends on no other.
func (r *reader) secretField(s *Secret, field string, v cue.Value) {
	switch field {
	case "owner":
		s.Owner, _ = r.nonEmpty(v)
	case "description":
		s.Description, _ = r.text(v)
	case "rotate":
		s.Rotate, _ = r.rotation(v)
	case "optional":
		s.Optional, _ = r.flag(v)
	case "sensitive":
		s.Sensitive, _ = r.flag(v)
	case "shared":
		s.Shared = r.exception("shared", v)
	case "from", "value", "hold":
		r.add(labelSpan(v), "write it as in: [_]: "+field+": … for all environments, or under one of them", "%s belongs to an environment", field)
	default:
		if s.Attributes == nil {
			s.Attributes = map[string]string{}
		}
		if !r.attribute(s.Attributes, field, v) {
			r.unknown(field, "a secret", v, secretFields())
		}
	}
}

// place works out the targets: all that take one of the secret's environments,
// unless it says otherwise; one that is named has to take some.
func (r *reader) place(d *draft) {
	if d.to.Exists() {
		for _, name := range d.To {
			if t := r.policy.Target(name); t != nil && len(t.Only) > 0 && len(d.environments) > 0 && !overlap(t.Only, d.environments) {
				r.add(valueSpan(d.to), "", "target %q takes none of the environments of %s", name, d.Name)
			}
		}
		return
	}
	for _, t := range r.policy.Targets {
		if overlap(t.Only, d.environments) {
			d.To = append(d.To, t.Name)
		}
	}
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}
