package policy

import (
	"fmt"
	"slices"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
)

// broken tells a value that CUE could not make: given twice, differently, or
// by an expression that fails.
func (m *mistakes) broken(v cue.Value) {
	fields := fieldsOf(v)
	slices.SortFunc(fields, func(a, b *ast.Field) int { return position(a.Pos()).Compare(position(b.Pos())) })
	if len(fields) > 1 {
		last := fields[len(fields)-1]
		m.add(nodeSpan(last.Value), fmt.Sprintf("it is written at %s, too", position(fields[0].Value.Pos())),
			"%s is given different values", pathOf(v))
		return
	}
	causes := errors.Errors(v.Err())
	if len(causes) == 0 {
		return
	}
	where := errorSpan(causes[0]) // the others follow from it
	if !where.at.IsValid() {
		where = valueSpan(v)
	}
	format, args := causes[0].Msg()
	m.add(where, "", "%s cannot be evaluated: %s", pathOf(v), fmt.Sprintf(format, args...))
}
