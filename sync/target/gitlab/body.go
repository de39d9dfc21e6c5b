package gitlab

import (
	"net/http"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A draft is a variable as it is to be written.
type draft struct {
	at          place
	ref         string
	placement   store.Placement
	attributes  store.Attributes // whole, but for the description
	description string           // with the note
}

func (d *draft) flag(name string) bool { return d.attributes[name] == yes }

// fields are those that a POST and a PUT have in common. What the policy says
// nothing of is left out: it is GitLab's default, or stays as it is.
func (d *draft) fields() map[string]any {
	out := map[string]any{
		"value": string(d.placement.Value.Reveal()), "description": d.description,
		attrRaw: isRaw(d.attributes), attrMasked: d.flag(attrMasked),
	}
	if _, given := d.attributes[attrProtected]; given {
		out[attrProtected] = d.flag(attrProtected)
	}
	if _, given := d.attributes[attrFile]; given {
		out["variable_type"] = d.variableType()
	}
	return out
}

func (d *draft) variableType() string {
	if d.flag(attrFile) {
		return typeFile
	}
	return typeVar
}

// creation is the POST. GitLab has another name there for what it hides.
func (t *Target) creation(d *draft, into *variable) request {
	body := d.fields()
	body["key"] = d.at.name
	if t.level != &instanceLevel {
		body["environment_scope"] = d.at.scope
	}
	if d.flag(attrHidden) {
		body["masked_and_hidden"] = true
	}
	return request{
		op: "create variable", ref: d.ref, method: http.MethodPost, path: t.variables(),
		options: body, into: into, masks: d.flag(attrMasked),
	}
}

// change is the PUT. Of a variable that is hidden GitLab refuses to hear
// whether it is masked.
func (t *Target) change(d *draft, was variable, into *variable) request {
	body := d.fields()
	if was.Hidden {
		delete(body, attrMasked)
	}
	if filter := t.filter(d.at); filter != nil {
		body["filter"] = filter
	}
	return request{
		op: "update variable", ref: d.ref, method: http.MethodPut, path: t.variableAt(d.at),
		options: body, into: into, masks: was.Hidden || d.flag(attrMasked),
	}
}
