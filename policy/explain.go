package policy

import (
	"bytes"
	"encoding/json"
	"fmt"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/ast/astutil"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/token"
)

// Explain writes a policy as keyplumb understood it, every default filled in,
// as CUE: itself a policy, and one that means the same. Constraints that lean
// on what the policy defines for itself are written out.
func Explain(p *Policy) ([]byte, error) {
	file := &ast.File{Decls: []ast.Decl{&ast.Package{Name: ast.NewIdent(packageName)}}}
	for _, m := range explain(p) {
		value, err := m.value.expr()
		if err != nil {
			return nil, err
		}
		file.Decls = append(file.Decls, &ast.Field{Label: label(m.name), Value: value})
	}
	// Constraints bring their imports along as references; this declares them.
	if err := astutil.SanitizeFiles([]*ast.File{file}); err != nil {
		return nil, fmt.Errorf("explain the policy: %w", err)
	}
	return format.Node(file, format.Simplify())
}

// ExplainJSON writes the same as JSON. A constraint is a string that holds the
// CUE.
func ExplainJSON(p *Policy) ([]byte, error) {
	var indented bytes.Buffer
	text, err := json.Marshal(explain(p))
	if err != nil {
		return nil, err
	}
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		return nil, err
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}

// A node is a piece of an explained policy, which can be written as CUE or as
// JSON.
type node interface {
	expr() (ast.Expr, error)
	json.Marshaler
}

// members is a struct whose fields keep their order.
type members []member

type member struct {
	name  string
	value node
}

func (ms members) expr() (ast.Expr, error) {
	s := &ast.StructLit{}
	for _, m := range ms {
		value, err := m.value.expr()
		if err != nil {
			return nil, err
		}
		s.Elts = append(s.Elts, &ast.Field{Label: label(m.name), Value: value})
	}
	return s, nil
}

func label(name string) ast.Label {
	if ast.StringLabelNeedsQuoting(name) {
		return ast.NewString(name)
	}
	return ast.NewIdent(name)
}

// MarshalJSON implements json.Marshaler.
func (ms members) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, m := range ms {
		if i > 0 {
			text.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := m.value.MarshalJSON()
		if err != nil {
			return nil, err
		}
		text.Write(name)
		text.WriteByte(':')
		text.Write(value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// afterAll puts a comment behind a whole expression, its last bracket included.
const afterAll = 10

// A remark is a node with a comment at the end of its line; JSON has none.
type remark struct {
	node
	text string
}

func (r remark) expr() (ast.Expr, error) {
	value, err := r.node.expr()
	if err == nil {
		ast.AddComment(value, &ast.CommentGroup{Line: true, Position: afterAll, List: []*ast.Comment{{Text: "// " + r.text}}})
	}
	return value, err
}

// A word is a string.
type word string

func (w word) expr() (ast.Expr, error) { return ast.NewString(string(w)), nil }

// MarshalJSON implements json.Marshaler.
func (w word) MarshalJSON() ([]byte, error) { return json.Marshal(string(w)) }

// A flag is true or false.
type flag bool

func (f flag) expr() (ast.Expr, error) { return ast.NewBool(bool(f)), nil }

// MarshalJSON implements json.Marshaler.
func (f flag) MarshalJSON() ([]byte, error) { return json.Marshal(bool(f)) }

// A number is a whole one, in digits.
type number string

func (n number) expr() (ast.Expr, error) {
	return &ast.BasicLit{Kind: token.INT, Value: string(n)}, nil
}

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) { return []byte(n), nil }

// A series is a list.
type series []node

func (s series) expr() (ast.Expr, error) {
	list := &ast.ListLit{}
	for _, element := range s {
		value, err := element.expr()
		if err != nil {
			return nil, err
		}
		list.Elts = append(list.Elts, value)
	}
	return list, nil
}

// MarshalJSON implements json.Marshaler.
func (s series) MarshalJSON() ([]byte, error) {
	if s == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]node(s))
}
