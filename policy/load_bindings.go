package policy

import (
	"slices"

	"cuelang.org/go/cue"
)

var bindingFields = []string{"from", "value", "hold"}

// bindings makes one binding for each of a secret's environments, from what in
// says of it.
func (r *reader) bindings(d *draft) {
	said := map[string]cue.Value{}
	if d.in.Exists() {
		r.each(d.in, func(environment string, v cue.Value) {
			if !r.exists("environment", environment, r.known.environments, v) {
				return
			}
			if len(d.environments) > 0 && !slices.Contains(d.environments, environment) {
				r.add(labelSpan(v), "add it to environments, or take this out", "%s is not in environment %q", d.Name, environment)
				return
			}
			said[environment] = v
		})
	}
	d.Bindings = make([]Binding, 0, len(d.environments))
	for _, environment := range d.environments {
		d.Bindings = append(d.Bindings, r.binding(d, environment, said[environment]))
	}
}

func (r *reader) binding(d *draft, environment string, v cue.Value) Binding {
	b := Binding{Environment: environment, Position: d.Position}
	where := d.where
	var from cue.Value
	if v.Exists() {
		where = labelSpan(v)
		b.Position = where.at
		r.each(v, func(field string, value cue.Value) {
			switch field {
			case "from":
				from = value
			case "value":
				b.Constraint = r.constraint(value)
			case "hold":
				b.Hold = r.exception("hold", value)
			default:
				r.unknown(field, "a binding", value, bindingFields)
			}
		})
	}
	b.From = r.from(usage{secret: d.Name, environment: environment, where: where}, from)
	return b
}
