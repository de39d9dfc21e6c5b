package policy

import (
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// A span is a place in the policy; the end may be unknown.
type span struct{ at, end finding.Position }

// position makes CUE's position one of ours. The loader sees the repository as
// the root of all, so its names begin with a slash; the schema's does not, and
// is no place to show.
func position(pos token.Pos) finding.Position {
	if !pos.IsValid() {
		return finding.Position{}
	}
	p := pos.Position()
	name, ok := strings.CutPrefix(p.Filename, "/")
	if !ok {
		return finding.Position{}
	}
	return finding.Position{File: name, Line: p.Line, Column: p.Column}
}

func wholeFile(name string) finding.Position { return finding.Position{File: name} }

// nodeSpan is where a piece of the policy's text is.
func nodeSpan(n ast.Node) span {
	at := position(n.Pos())
	end := position(n.End())
	if !at.IsValid() || end.Compare(at) <= 0 {
		end = finding.Position{}
	}
	return span{at, end}
}

// nameSpan is where a name of known length is.
func nameSpan(pos token.Pos, name string) span {
	at := position(pos)
	end := at
	end.Column += len(name)
	return span{at, end}
}

// fieldsOf gives the fields, of any file, that a value was written with.
func fieldsOf(v cue.Value) []*ast.Field {
	if field, ok := v.Source().(*ast.Field); ok {
		return []*ast.Field{field}
	}
	var fields []*ast.Field
	_, parts := v.Expr()
	for _, part := range parts {
		if field, ok := part.Source().(*ast.Field); ok && position(field.Pos()).IsValid() {
			fields = append(fields, field)
		}
	}
	return fields
}

// labelSpan is where a value's field is: its first one in the user's files.
// Fields that name it go before patterns that reach it.
func labelSpan(v cue.Value) span {
	var first ast.Label
	var at finding.Position
	for _, field := range fieldsOf(v) {
		here := position(field.Label.Pos())
		if !here.IsValid() {
			continue
		}
		switch {
		case first == nil, isPattern(first) && !isPattern(field.Label):
		case isPattern(field.Label) && !isPattern(first), at.Compare(here) <= 0:
			continue
		}
		first, at = field.Label, here
	}
	if first == nil {
		return span{at: position(v.Pos())}
	}
	return nodeSpan(first)
}

// isPattern tells [string]: from a label that names one field.
func isPattern(label ast.Label) bool {
	_, ok := label.(*ast.ListLit)
	return ok
}

// valueSpan is where a value itself is written; of several, the first that is
// no pattern's.
func valueSpan(v cue.Value) span {
	label := labelSpan(v)
	for _, field := range fieldsOf(v) {
		if position(field.Label.Pos()) == label.at {
			return nodeSpan(field.Value)
		}
	}
	if source := v.Source(); source != nil {
		return nodeSpan(source)
	}
	return label
}

// errorSpan is the first place in the user's files that one of CUE's errors
// names.
func errorSpan(err errors.Error) span {
	for _, pos := range append([]token.Pos{err.Position()}, err.InputPositions()...) {
		if at := position(pos); at.IsValid() {
			return span{at: at}
		}
	}
	return span{}
}
