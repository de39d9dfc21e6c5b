package policy

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"
)

// constraint reads a constraint on a value and checks that some string can
// meet it, as far as CUE can tell.
func (r *reader) constraint(v cue.Value) Constraint {
	c := Constraint{source: quote(v)}
	switch kind := v.IncompleteKind(); {
	case kind == cue.TopKind && c.source == "_":
		return c
	case kind == cue.BottomKind:
		r.add(valueSpan(v), "", "no value can meet %s", c.source)
	case kind&cue.StringKind == 0:
		r.add(valueSpan(v), "a value is constrained as a string", "no value can meet %s: it is %s", c.source, kindWord(kind))
	default:
		r.probe(v, c.source)
	}
	c.rule = &rule{context: r.context, lock: r.lock, value: v, offered: r.offered}
	return c
}

// probe holds a constraint against a string, for the mistakes that CUE finds
// only then: a regular expression that is none, a builtin wrongly used. Those
// are mistakes of the text, so each text is tried once.
func (r *reader) probe(v cue.Value, source string) {
	if r.probed[source] {
		return
	}
	r.probed[source] = true
	for _, err := range errors.Errors(v.Unify(r.context.Encode("probe")).Validate()) {
		format, args := err.Msg()
		if strings.HasPrefix(format, "invalid regexp") || strings.HasPrefix(format, "cannot use") {
			r.add(errorSpan(err), "", "%s", pathOf(v)+": "+fmt.Sprintf(format, args...))
			return
		}
	}
}

// quote gives a constraint as the policy wrote it; of several places, all.
func quote(v cue.Value) string {
	fields := fieldsOf(v)
	var parts []string
	for _, field := range fields {
		text, err := format.Node(field.Value, format.Simplify())
		if err != nil {
			continue
		}
		part := string(text)
		if binary, ok := field.Value.(*ast.BinaryExpr); ok && binary.Op == token.OR && len(fields) > 1 {
			part = "(" + part + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " & ")
}
