package policy

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
)

// packageName is the package that every file of a policy is of.
const packageName = "keyplumb"

// instance loads the files and what they import; nil where that cannot be done.
func (m *mistakes) instance(fence *fence, found located) *build.Instance {
	i := newImporter(m, fence, found.dir)
	var files []*ast.File
	for _, name := range found.files {
		if file := i.parse(name); file != nil {
			m.clause(file)
			files = append(files, file)
		}
	}
	if m.any() {
		return nil
	}
	instance := i.instance(found.dir, files)
	if m.any() {
		return nil
	}
	return instance
}

// clause tells a file of another package.
func (m *mistakes) clause(file *ast.File) {
	switch got := file.PackageName(); got {
	case packageName:
	case "":
		m.add(clauseSpan(file), "begin it with: package keyplumb", "the file has no package clause")
	default:
		m.add(clauseSpan(file), "every file of a policy begins with: package keyplumb", "the file is of package %s, not %s", got, packageName)
	}
}

// clauseSpan is where a file's package clause is, or should be.
func clauseSpan(file *ast.File) span {
	for _, decl := range file.Decls {
		if clause, ok := decl.(*ast.Package); ok && clause.Name != nil {
			return nodeSpan(clause.Name)
		}
	}
	at := wholeFile(strings.TrimPrefix(file.Filename, "/"))
	at.Line, at.Column = 1, 1
	return span{at: at}
}

// syntax tells a parser's errors. They quote the policy's text at most, which
// holds no secret.
func (m *mistakes) syntax(err error) {
	for _, e := range errors.Errors(err) {
		format, args := e.Msg()
		m.add(span{at: position(e.Position())}, "", "%s", "syntax: "+fmt.Sprintf(format, args...))
	}
}

// externs refuses the attributes that make a policy more or less than its text.
func (m *mistakes) externs(file *ast.File) {
	ast.Walk(file, func(n ast.Node) bool {
		attribute, ok := n.(*ast.Attribute)
		if !ok {
			return true
		}
		if key, _ := attribute.Split(); slices.Contains([]string{"extern", "embed", "if", "tag", "ignore"}, key) {
			m.add(nodeSpan(attribute), "a policy is read from its own text alone: write the content into it", "@%s is not allowed in a policy", key)
		}
		return true
	}, nil)
}

// allFiles gives the files of a package and of all that it imports.
func allFiles(instance *build.Instance) []*ast.File {
	files := slices.Clone(instance.Files)
	for _, dependency := range instance.Dependencies() {
		files = append(files, dependency.Files...)
	}
	return files
}

// packageFiles names them, sorted.
func packageFiles(instance *build.Instance) []string {
	var names []string
	for _, file := range allFiles(instance) {
		names = append(names, strings.TrimPrefix(file.Filename, "/"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
