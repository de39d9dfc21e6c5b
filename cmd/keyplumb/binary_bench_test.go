package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sdks are the files that link one vendor's client each.
var sdks = map[string][]string{
	"vault":      {"wire_vault.go"},
	"aws":        {"wire_aws.go"},
	"gcp":        {"wire_gcp.go"},
	"azure":      {"wire_azure.go"},
	"kubernetes": {"wire_kubernetes.go"},
}

// BenchmarkBinary tells the size of the stripped binary and how long
// `keyplumb version` takes, and what each vendor's client adds to both: the
// same binary is built once more without it. What several of them share, or
// what another part of keyplumb links anyway, is in nobody's figure.
//
// The time is the least of many starts of the whole process. On a machine that
// does other work, only differences of several milliseconds mean something.
func BenchmarkBinary(b *testing.B) {
	dir := b.TempDir()
	whole := buildWithout(b, filepath.Join(dir, "whole"), nil)
	b.Run("whole", func(b *testing.B) {
		size, start := measure(b, whole)
		b.ReportMetric(size, "MB")
		b.ReportMetric(start, "start-ms")
		b.ReportMetric(0, "ns/op")
	})
	for name, files := range sdks {
		less := buildWithout(b, filepath.Join(dir, name), files)
		b.Run("of which "+name, func(b *testing.B) {
			size, start := measure(b, whole)
			lessSize, lessStart := measure(b, less)
			b.ReportMetric(size-lessSize, "MB")
			b.ReportMetric(start-lessStart, "start-ms")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// measure gives a binary's size in MB and its least start in milliseconds.
func measure(b *testing.B, binary string) (megabytes, milliseconds float64) {
	b.Helper()
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	least := time.Hour
	for range 30 {
		begin := time.Now()
		if out, err := exec.CommandContext(b.Context(), binary, "version").CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		least = min(least, time.Since(begin))
	}
	return float64(info.Size()) / 1e6, float64(least.Microseconds()) / 1e3
}

// buildWithout builds the command as it is released, some of its wiring put out
// of action.
func buildWithout(b *testing.B, binary string, files []string) string {
	b.Helper()
	replace := map[string]string{}
	for _, file := range files {
		stub := binary + "-" + file
		if err := os.WriteFile(stub, leftOut(b, file), 0o600); err != nil {
			b.Fatal(err)
		}
		original, err := filepath.Abs(file)
		if err != nil {
			b.Fatal(err)
		}
		replace[original] = stub
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(binary+".json", overlay, 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-overlay", binary+".json", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("without %v: %v\n%s", files, err, out)
	}
	return binary
}

// leftOut gives a file whose functions do nothing any more, with the imports
// that are then left.
func leftOut(b *testing.B, file string) []byte {
	b.Helper()
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
	if err != nil {
		b.Fatal(err)
	}
	parsed.Decls = slices.DeleteFunc(parsed.Decls, func(d ast.Decl) bool { return isInside(parsed, d) })
	panics, err := parser.ParseExpr(`panic("left out")`)
	if err != nil {
		b.Fatal(err)
	}
	used := map[string]bool{}
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			f.Body = &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: panics}}}
		}
		ast.Inspect(d, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if name, ok := s.X.(*ast.Ident); ok {
					used[name.Name] = true
				}
			}
			return true
		})
	}
	for _, d := range parsed.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			g.Specs = slices.DeleteFunc(g.Specs, func(s ast.Spec) bool { return !used[importName(s)] })
		}
	}
	var out bytes.Buffer
	if err := format.Node(&out, set, parsed); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// isInside tells a function that takes or gives what is a source's own: nobody
// calls it but its file's other functions.
func isInside(file *ast.File, d ast.Decl) bool {
	f, ok := d.(*ast.FuncDecl)
	if !ok {
		return false
	}
	found := false
	ast.Inspect(f.Type, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		found = found || ok && slices.ContainsFunc(file.Imports, func(s *ast.ImportSpec) bool {
			name, ok := selector.X.(*ast.Ident)
			return ok && name.Name == importName(s) && strings.Contains(s.Path.Value, "/sync/source/")
		})
		return true
	})
	return found
}

// importName is the name by which a file knows a package.
func importName(s ast.Spec) string {
	i := s.(*ast.ImportSpec) //nolint:errcheck // an import holds nothing else
	if i.Name != nil {
		return i.Name.Name
	}
	return path.Base(strings.Trim(i.Path.Value, `"`))
}
