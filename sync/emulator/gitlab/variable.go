package gitlab

import "strings"

// A variable as GitLab keeps it.
type variable struct {
	id          int64
	key, scope  string
	value       string
	description *string // nil: null
	masked      bool
	hidden      bool
	protected   bool
	raw         bool
	file        bool
}

func (v *variable) identity() identity { return identity{v.key, v.scope} }

func (v *variable) kind() string {
	if v.file {
		return "file"
	}
	return "env_var"
}

// describe renders the variable. The value of a hidden one is null; an
// instance's has neither a scope nor the attribute hidden.
func (v *variable) describe(l *level) map[string]any {
	fields := map[string]any{
		"variable_type": v.kind(), "key": v.key, "value": v.value,
		"protected": v.protected, "masked": v.masked, "raw": v.raw,
		"description": v.description,
	}
	if l.scoped {
		fields["environment_scope"], fields["hidden"] = v.scope, v.hidden
	}
	if v.hidden {
		fields["value"] = nil
	}
	return fields
}

// A change is what the body of a POST or a PUT says.
type change struct {
	key, value, scope *string
	description       *string
	describes         bool // there is a description, which may be null
	kind              *string
	masked, protected *bool
	raw, hides        *bool
}

// readChange reads what an operation on a place declares. A key counts in a
// POST alone, and so does masked_and_hidden.
func (c *call) readChange(s *store, creates bool) (change, error) {
	d := &declared{params: c.params}
	var ch change
	if creates {
		d.require("key", "value")
		ch.key = d.text("key")
	}
	ch.value = d.text("value")
	ch.protected, ch.masked, ch.raw = d.flag("protected"), d.flag("masked"), d.flag("raw")
	ch.kind = d.oneOf("variable_type", "env_var", "file")
	ch.description, ch.describes = d.text("description"), d.params.has("description")
	if d.isNull("description") {
		ch.description = nil
	}
	if s.level.scoped {
		ch.scope = d.text("environment_scope")
		if creates {
			ch.hides = d.flag("masked_and_hidden")
		}
	}
	if s.level == groupLevel && c.server.free {
		ch.scope = nil
	}
	return ch, d.refusal()
}

// apply changes a variable. White space around a key or a scope goes.
func (ch change) apply(v *variable) {
	set(&v.key, ch.key)
	set(&v.value, ch.value)
	set(&v.scope, ch.scope)
	v.key, v.scope = strings.TrimSpace(v.key), strings.TrimSpace(v.scope)
	set(&v.protected, ch.protected)
	set(&v.masked, ch.masked)
	set(&v.raw, ch.raw)
	if ch.describes {
		v.description = ch.description
	}
	if ch.kind != nil {
		v.file = *ch.kind == "file"
	}
	if ch.hides != nil && *ch.hides {
		v.masked, v.hidden = true, true
	}
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}
