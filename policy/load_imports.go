package policy

import (
	"path"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// An importer finds the packages that a policy imports, where CUE keeps them:
// in the module that the policy is in, and under cue.mod in gen, usr and pkg.
// Nothing is ever fetched.
type importer struct {
	*mistakes
	fence    *fence
	packages *build.Context
	root     string // the module's folder
	module   string // its name; "" where there is no module file
	loading  map[string]bool
}

// newImporter looks for the module from a folder upwards.
func newImporter(m *mistakes, fence *fence, dir string) *importer {
	i := &importer{mistakes: m, fence: fence, packages: build.NewContext(), root: ".", loading: map[string]bool{}}
	for ; ; dir = path.Dir(dir) {
		if data, err := fence.content(path.Join(dir, moduleFile)); err == nil {
			i.root, i.module = dir, moduleName(data)
			return i
		}
		if dir == "." {
			return i
		}
	}
}

// moduleFile is where a module says its name.
const moduleFile = "cue.mod/module.cue"

// moduleName reads the name out of a module file, without its major version.
func moduleName(data []byte) string {
	file, err := parser.ParseFile(moduleFile, data)
	if err != nil {
		return ""
	}
	for _, decl := range file.Decls {
		field, ok := decl.(*ast.Field)
		if !ok {
			continue
		}
		if label, _, err := ast.LabelName(field.Label); err != nil || label != "module" {
			continue
		}
		if text, ok := field.Value.(*ast.BasicLit); ok {
			quoted, _ := strconv.Unquote(text.Value)
			name, _, _ := strings.Cut(quoted, "@")
			return name
		}
	}
	return ""
}

// instance makes one package of files, and of what they import.
func (i *importer) instance(dir string, files []*ast.File) *build.Instance {
	instance := i.packages.NewInstance("/"+dir, i.load)
	for _, file := range files {
		i.externs(file)
		i.missing(file)
		// What it says of identifiers comes again when the package is built.
		_ = instance.AddSyntax(file)
	}
	_ = instance.Complete()
	return instance
}

// parse reads one file; nil where it is none.
func (i *importer) parse(name string) *ast.File {
	data, err := i.fence.content(name)
	if err != nil {
		i.add(span{at: wholeFile(name)}, "", "the file cannot be read")
		return nil
	}
	file, err := parser.ParseFile("/"+name, data)
	if err != nil {
		i.syntax(err)
		return nil
	}
	return file
}

// missing tells the imports that lead nowhere.
func (i *importer) missing(file *ast.File) {
	for spec := range file.ImportSpecs() {
		name, err := strconv.Unquote(spec.Path.Value)
		if err == nil && !ofCUE(name) && len(i.find(name)) == 0 {
			i.add(nodeSpan(spec.Path), "CUE's own packages can be imported, packages of this repository, and those vendored under cue.mod/pkg; modules are not fetched",
				"package %q cannot be found", name)
		}
	}
}

// load is what CUE calls for each import; nil leaves it to CUE.
func (i *importer) load(pos token.Pos, name string) *build.Instance {
	files := i.find(name)
	if len(files) == 0 {
		return nil
	}
	if i.loading[name] {
		i.add(span{at: position(pos)}, "", "package %q imports itself", name)
		return nil
	}
	i.loading[name] = true
	defer delete(i.loading, name)
	_, dir := i.place(name)
	instance := i.instance(dir, i.ofPackage(files, ast.ParseImportPath(name).Qualifier))
	instance.ImportPath = name
	return instance
}

// find gives the files among which a package's are.
func (i *importer) find(name string) []string {
	local, dir := i.place(name)
	if local {
		return i.upwards(dir)
	}
	if !cleanImport(dir) || ofCUE(name) {
		return nil
	}
	var files []string
	for _, vendored := range []string{"gen", "usr", "pkg"} {
		files = append(files, i.fence.folder(path.Join(i.root, "cue.mod", vendored, dir))...)
	}
	return files
}

// upwards gives the files of a folder of the module and of those above it,
// which are part of the package when they say so.
func (i *importer) upwards(dir string) []string {
	files := i.fence.folder(dir)
	if len(files) == 0 {
		return nil
	}
	for dir != i.root && dir != "." {
		dir = path.Dir(dir)
		files = append(files, i.fence.folder(dir)...)
	}
	return files
}

// place tells whether a package is of this module, and its folder: in the tree,
// or else beneath where vendored packages are.
func (i *importer) place(name string) (local bool, dir string) {
	bare := ast.ParseImportPath(name).Path
	if i.module != "" {
		if below, ok := strings.CutPrefix(bare+"/", i.module+"/"); ok && cleanImport(bare) {
			return true, path.Join(i.root, below)
		}
	}
	return false, bare
}

// ofPackage parses files and keeps those of a package.
func (i *importer) ofPackage(names []string, pkg string) []*ast.File {
	var files []*ast.File
	for _, name := range names {
		if file := i.parse(name); file != nil && file.PackageName() == pkg {
			files = append(files, file)
		}
	}
	return files
}

// cleanImport tells a path that stays where it is put.
func cleanImport(name string) bool {
	return name != "" && path.Clean(name) == name && !strings.HasPrefix(name, ".") && !path.IsAbs(name)
}

// ofCUE tells the paths that CUE keeps for its own packages: those whose first
// element has no dot.
func ofCUE(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}
