package policy

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"
)

// expr writes a constraint so that it stands alone: as the policy wrote it,
// where that needs nothing but the schema and CUE's own packages; else with all
// that it leans on written out.
func (c Constraint) expr() (ast.Expr, error) {
	c.rule.lock.Lock()
	defer c.rule.lock.Unlock()
	if written := c.rule.written(); written != nil {
		return written, nil
	}
	// Final reads best, but would take a default for the whole constraint.
	forms := [][]cue.Option{{cue.Final()}, {}}
	if _, defaulted := c.rule.value.Default(); defaulted {
		slices.Reverse(forms)
	}
	for _, form := range forms {
		if expr := alone(c.rule.value.Syntax(form...)); expr != nil {
			return expr, nil
		}
	}
	return nil, errors.New("explain the policy: a constraint cannot be written out")
}

// MarshalJSON gives the constraint's CUE as a string.
func (c Constraint) MarshalJSON() ([]byte, error) {
	if c.rule == nil {
		return json.Marshal("_")
	}
	expr, err := c.expr()
	if err != nil {
		return nil, err
	}
	text, err := format.Node(expr)
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(text))
}

// alone takes the expression out of what CUE made of a value: an expression, or
// a file that imports what it needs. One with further declarations cannot be
// taken out of it: nil.
func alone(syntax ast.Node) ast.Expr {
	file, ok := syntax.(*ast.File)
	if !ok {
		expr, _ := syntax.(ast.Expr)
		return expr
	}
	var found ast.Expr
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.ImportDecl:
		case *ast.EmbedDecl:
			if found != nil {
				return nil
			}
			found = d.Expr
		default:
			return nil
		}
	}
	return found
}

// written gives a constraint as the policy wrote it; nil where it names
// anything that the policy defines, which another file would not have.
func (r *rule) written() ast.Expr {
	var parts []ast.Expr
	for _, field := range fieldsOf(r.value) {
		if !r.selfContained(field.Value) {
			return nil
		}
		parts = append(parts, field.Value)
	}
	if len(parts) == 0 {
		return nil
	}
	return ast.NewBinExpr(token.AND, parts...)
}

// selfContained tells whether an expression names nothing but what CUE
// predeclares, CUE's packages, and what the schema offers.
func (r *rule) selfContained(n ast.Node) bool {
	yes := true
	ast.Walk(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Ident:
			yes = yes && (imported(x) || x.Node == nil && (predeclared(x.Name) || r.offered[x.Name]))
		case *ast.SelectorExpr:
			yes = yes && r.selfContained(x.X)
			return false
		case *ast.Comprehension, *ast.LetClause:
			yes = false
		}
		return yes
	}, nil)
	return yes
}

// imported tells the name of one of CUE's own packages: their paths have no
// dot in the first element, as those of modules do.
func imported(name *ast.Ident) bool {
	spec, ok := name.Node.(*ast.ImportSpec)
	if !ok {
		return false
	}
	first, _, _ := strings.Cut(spec.Path.Value, "/")
	return !strings.Contains(first, ".")
}

func predeclared(name string) bool {
	switch name {
	case "_", "string", "bytes", "number", "int", "float", "bool", "null", "true", "false", "len", "and", "or":
		return true
	}
	return false
}
