package policy

import (
	"slices"

	"cuelang.org/go/cue"
)

// CUE makes no field from a pattern: `in: [Env=_]: …` says nothing until there
// is an in.prod. The outline finds the fields that a policy's patterns wait
// for; fill makes them, all at once, so that a policy is evaluated once more at
// most, and not at all where everything is written out.

// An outline is fields to be made: nested outlines, and nil for anything.
type outline map[string]any

// at gives the outline at a path, made if need be.
func (o outline) at(path ...string) outline {
	for _, name := range path {
		inner, ok := o[name].(outline)
		if !ok {
			inner = outline{}
			o[name] = inner
		}
		o = inner
	}
	return o
}

// fill makes the fields and gives the policy's parts anew.
func (e *evaluation) fill(o outline, top map[string]cue.Value) map[string]cue.Value {
	if len(o) == 0 {
		return top
	}
	e.mistakes.guard(func() {
		e.policy = e.policy.Unify(e.context.Encode(o, cue.NilIsAny(true)))
	})
	filled := map[string]cue.Value{}
	for name := range top {
		filled[name] = field(e.policy, name)
	}
	return filled
}

// outline finds what patterns wait for. It is silent about mistakes: who reads
// the fields tells them.
func (r *reader) outline(top map[string]cue.Value) outline {
	o := outline{}
	renaming := r.renaming(top["targets"])
	everyField(top["secrets"], func(name string, v cue.Value) {
		in := field(v, "in")
		if len(renaming) == 0 && !hasPattern(in) {
			return
		}
		environments := listed(field(v, "environments"), r.known.environments)
		if hasPattern(in) {
			for _, environment := range absent(in, environments) {
				o.at("secrets", name, "in", environment)
			}
		}
		as, err := field(v, "as").String()
		if err != nil {
			as = name
		}
		for target, rename := range renaming {
			if !slices.Contains(listed(field(v, "to"), r.known.targets), target) {
				continue
			}
			for _, environment := range environments {
				if allows(rename, environment) && allows(rename.LookupPath(cue.MakePath(cue.Str(environment))), as) {
					o.at("targets", target, "rename", environment)[as] = nil
				}
			}
		}
	})
	return o
}

// renaming gives the targets that rename.
func (r *reader) renaming(targets cue.Value) map[string]cue.Value {
	found := map[string]cue.Value{}
	everyField(targets, func(name string, v cue.Value) {
		if rename := field(v, "rename"); rename.Exists() {
			found[name] = rename
		}
	})
	return found
}

func field(v cue.Value, name string) cue.Value { return v.LookupPath(cue.MakePath(cue.Str(name))) }

// everyField goes through a struct's fields, if it is one.
func everyField(v cue.Value, do func(name string, v cue.Value)) {
	fields, err := v.Fields()
	if err != nil {
		return
	}
	for fields.Next() {
		do(fields.Selector().Unquoted(), fields.Value())
	}
}

// hasPattern tells a struct with patterns for its fields.
func hasPattern(v cue.Value) bool {
	if !v.Exists() {
		return false
	}
	fields, err := v.Fields(cue.Patterns(true))
	for err == nil && fields.Next() {
		if fields.Selector().ConstraintType() == cue.PatternConstraint {
			return true
		}
	}
	return false
}

// absent gives the names that a struct does not have, but may.
func absent(v cue.Value, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return field(v, name).Exists() || !v.Allows(cue.Str(name))
	})
}

// allows tells whether a struct may have a field; one that is not there yet
// will have been made from a pattern.
func allows(v cue.Value, name string) bool {
	return !v.Exists() || v.Allows(cue.Str(name))
}

// listed reads a list of names; all where there is none.
func listed(v cue.Value, all []string) []string {
	list, err := v.List()
	if err != nil {
		return all
	}
	var names []string
	for list.Next() {
		if name, err := list.Value().String(); err == nil {
			names = append(names, name)
		}
	}
	return names
}
