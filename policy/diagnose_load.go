package policy

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/load"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// packageName is the package that every file of a policy is of.
const packageName = "keyplumb"

// instance loads the files and what they import, with no way out of the
// fence; nil where that cannot be done.
func (m *mistakes) instance(fence *fence, found located) *build.Instance {
	args := make([]string, len(found.files))
	for i, name := range found.files {
		m.clause(fence, name)
		args[i] = "/" + name
	}
	if m.any() {
		return nil
	}
	instance := load.Instances(args, &load.Config{
		FS:       fence,
		Dir:      "/" + found.dir,
		Registry: noRegistry{},
		Env:      []string{},
	})[0]
	for _, err := range errors.Errors(instance.Err) {
		m.unloadable(err, instance, found.files[0])
	}
	for _, file := range allFiles(instance) {
		m.externs(file)
	}
	if m.any() {
		return nil
	}
	return instance
}

// clause looks at a file's package clause, so that a file of another package
// is told in our words.
func (m *mistakes) clause(fence *fence, name string) {
	data, err := fence.content(name)
	if err != nil {
		m.add(span{at: wholeFile(name)}, "", "the file cannot be read")
		return
	}
	file, err := parser.ParseFile("/"+name, data, parser.PackageClauseOnly)
	if err != nil {
		return // the loader tells it, with all that follows
	}
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

// unloadable tells why the loader gave up. A parser's message quotes the
// policy's text at most, which holds no secret.
func (m *mistakes) unloadable(err errors.Error, instance *build.Instance, first string) {
	where := span{at: position(err.Position())}
	if !where.at.IsValid() {
		where.at = wholeFile(first)
	}
	if spec := importAt(instance, err.Position()); spec != nil {
		m.add(nodeSpan(spec.Path), "CUE's own packages, packages of this repository and those vendored under cue.mod/pkg can be imported; modules are not fetched",
			"package %s cannot be found", spec.Path.Value)
		return
	}
	format, args := err.Msg()
	m.add(where, "", "%s", "syntax: "+fmt.Sprintf(format, args...))
}

// importAt finds the import at a place.
func importAt(instance *build.Instance, pos token.Pos) *ast.ImportSpec {
	for _, file := range allFiles(instance) {
		for spec := range file.ImportSpecs() {
			if position(spec.Path.Pos()) == position(pos) {
				return spec
			}
		}
	}
	return nil
}

// externs refuses the attributes that reach outside the policy's text.
func (m *mistakes) externs(file *ast.File) {
	ast.Walk(file, func(n ast.Node) bool {
		attribute, ok := n.(*ast.Attribute)
		if !ok {
			return true
		}
		if key, _ := attribute.Split(); slices.Contains([]string{"extern", "embed"}, key) {
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
