package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// seesValues are the packages whose work is to take a value out of its wrapper.
var seesValues = []string{"sync/secret", "sync/engine", "sync/values", "sync/verify", "sync/source/*", "sync/target/*", "sync/store/storetest", "sync/awsapi"}

// codeFaults looks at a package's own code.
func codeFaults(t *testing.T, p goPackage) (faults []string) {
	t.Helper()
	files := token.NewFileSet()
	parse := func(names []string) map[string]*ast.File {
		parsed := map[string]*ast.File{}
		for _, name := range names {
			file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			parsed[name] = file
		}
		return parsed
	}
	code := parse(p.GoFiles)
	for _, fault := range fileFaults(p.name(), code) {
		faults = append(faults, p.name()+": "+fault)
	}
	if isProvider(p.name()) && !signsContract(parse(slices.Concat(p.TestGoFiles, p.XTestGoFiles))) {
		faults = append(faults, p.name()+": no test runs the contract of sync/store/storetest")
	}
	return faults
}

// fileFaults finds what code may not do.
func fileFaults(pkg string, code map[string]*ast.File) (faults []string) {
	globals := packageVariables(code)
	for name, file := range code {
		if pkg == "cmd/keyplumb" {
			faults = append(faults, strayNames(name, file)...)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				// No other method may be called so: the name alone is looked for.
				if n.Sel.Name == "Reveal" && !listed(seesValues, pkg) {
					faults = append(faults, name+" takes a value out of its wrapper")
				}
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					faults = append(faults, name+" has an init function")
				}
			case *ast.AssignStmt:
				for _, left := range n.Lhs {
					if n.Tok != token.DEFINE && globals.has(left) {
						faults = append(faults, name+" changes a package's variable")
					}
				}
			case *ast.IncDecStmt:
				if globals.has(n.X) {
					faults = append(faults, name+" changes a package's variable")
				}
			}
			return true
		})
	}
	return faults
}

// isWiring tells the files that open providers: wire.go, and those beside it
// that hold what one kind of provider takes.
func isWiring(file string) bool { return listed([]string{"wire.go", "wire_*.go"}, file) }

// strayNames finds providers that are named outside the wiring, and emulators
// outside demo.go.
func strayNames(name string, file *ast.File) (faults []string) {
	for _, i := range file.Imports {
		imported, _ := strconv.Unquote(i.Path.Value)
		for _, own := range within([]string{imported}) {
			if isProvider(own) && !isWiring(name) {
				faults = append(faults, fmt.Sprintf("%s names the provider %s; wire.go and its wire_KIND.go alone do", name, own))
			}
			if listed([]string{"sync/emulator/*"}, own) && name != "demo.go" {
				faults = append(faults, fmt.Sprintf("%s names the emulator %s; demo.go alone does", name, own))
			}
		}
	}
	return faults
}

// variables are those that a package declares.
type variables map[string]ast.Spec

func packageVariables(code map[string]*ast.File) variables {
	found := variables{}
	for _, file := range code {
		for _, d := range file.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.VAR {
				for _, spec := range d.Specs {
					for _, name := range spec.(*ast.ValueSpec).Names { //nolint:errcheck // a var holds nothing else
						found[name.Name] = spec
					}
				}
			}
		}
	}
	return found
}

// has tells whether what is assigned to is, or is part of, one of them. A
// local variable of the same name is another.
func (v variables) has(assigned ast.Expr) bool {
	for {
		switch e := assigned.(type) {
		case *ast.Ident:
			spec, ok := v[e.Name]
			return ok && e.Name != "_" && (e.Obj == nil || e.Obj.Decl == spec)
		case *ast.IndexExpr:
			assigned = e.X
		case *ast.SelectorExpr:
			assigned = e.X
		case *ast.StarExpr:
			assigned = e.X
		case *ast.ParenExpr:
			assigned = e.X
		default:
			return false
		}
	}
}

// signsContract finds a call of storetest.Source or storetest.Target.
func signsContract(tests map[string]*ast.File) (signed bool) {
	for _, file := range tests {
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Source" || f.Sel.Name == "Target") {
					pkg, ok := f.X.(*ast.Ident)
					signed = signed || ok && pkg.Name == "storetest"
				}
			}
			return true
		})
	}
	return signed
}

// TestCodeFaultsAreFound plants what the checks must find.
func TestCodeFaultsAreFound(t *testing.T) {
	for _, test := range []struct {
		name, pkg, file, code string
		good                  bool
	}{
		{"a value shown", "policy/report", "text.go", `func f(v V) { print(v.Reveal()) }`, false},
		{"a method value", "sync/plan", "plan.go", `func f(v V) any { return v.Reveal }`, false},
		{"a value in its place", "sync/target/gitlab", "put.go", `func f(v V) { put(v.Reveal()) }`, true},
		{"an init", "policy", "a.go", `func init() {}`, false},
		{"a method called init", "policy", "a.go", `func (T) init() {}`, true},
		{"a variable that changes", "policy", "a.go", `var n int; func f() { n = 1 }`, false},
		{"a variable that grows", "policy", "a.go", `var n int; func f() { n++ }`, false},
		{"a map that changes", "policy", "a.go", `var m = map[int]int{}; func f() { m[1] = 2 }`, false},
		{"a field that changes", "policy", "a.go", `var s struct{ x []int }; func f() { s.x[1] += 2 }`, false},
		{"a table", "policy", "a.go", `var m = []int{1}; func f() int { return m[0] }`, true},
		{"a local of the same name", "policy", "a.go", `var n = 1; func f() { n := 2; n = 3; g(n) }`, true},
		{"a provider outside wire.go", "cmd/keyplumb", "plan.go", `import _ "` + module + `sync/source/sops"`, false},
		{"a provider in a part of the wiring", "cmd/keyplumb", "wire_vault.go", `import _ "` + module + `sync/source/vault"`, true},
		{"an emulator in a part of the wiring", "cmd/keyplumb", "wire_vault.go", `import _ "` + module + `sync/emulator/vault"`, false},
		{"a provider in wire.go", "cmd/keyplumb", "wire.go", `import _ "` + module + `sync/source/sops"`, true},
		{"an emulator in wire.go", "cmd/keyplumb", "wire.go", `import _ "` + module + `sync/emulator/github"`, false},
		{"an emulator in demo.go", "cmd/keyplumb", "demo.go", `import _ "` + module + `sync/emulator/github"`, true},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), test.file, "package p\n"+test.code, 0)
		if err != nil {
			t.Fatal(err)
		}
		if faults := fileFaults(test.pkg, map[string]*ast.File{test.file: file}); (len(faults) == 0) != test.good {
			t.Errorf("%s: %q", test.name, faults)
		}
	}
	for code, want := range map[string]bool{
		`func TestIt(t T) { storetest.Source(t, h) }`: true,
		`func TestIt(t T) { storetest.Target(t, h) }`: true,
		`func TestIt(t T) { storetest.Canaries() }`:   false,
		`// storetest.Source(t, h)`:                   false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "a_test.go", "package p\n"+code, 0)
		if err != nil {
			t.Fatal(err)
		}
		if signsContract(map[string]*ast.File{"a_test.go": file}) != want {
			t.Errorf("%s: want %v", code, want)
		}
	}
}
