package policy

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// body is a whole policy but for its package clause.
const body = `
environments: test: tier: "test"
sources: s: kind: "env"
targets: t: {kind: "github", repository: "acme/api"}
`

// module is a module file for the packages of a test.
const module = "module: \"acme.test\"\nlanguage: version: \"v0.9.0\"\n"

func tree(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// TestImports loads policies that are spread over packages; each names its
// secrets in the package that it imports.
func TestImports(t *testing.T) {
	const shared = "package shared\n\nsecrets: SHARED_KEY: owner: \"me\"\n"
	policy := func(path string) string {
		return "package keyplumb\n\nimport \"" + path + "\"\n" + body + "secrets: shared.secrets\n"
	}
	for name, files := range map[string]map[string]string{
		"local": {
			"keyplumb.cue": policy("acme.test/lib/shared"), "cue.mod/module.cue": module, "lib/shared/shared.cue": shared,
		},
		"vendored in pkg": {
			"keyplumb.cue": policy("example.com/shared"), "cue.mod/module.cue": module, "cue.mod/pkg/example.com/shared/shared.cue": shared,
		},
		"vendored in gen": {
			"keyplumb.cue": policy("example.com/shared"), "cue.mod/module.cue": module, "cue.mod/gen/example.com/shared/shared.cue": shared,
		},
		"vendored in usr": {
			"keyplumb.cue": policy("example.com/shared"), "cue.mod/module.cue": module, "cue.mod/usr/example.com/shared/shared.cue": shared,
		},
		"beneath": {
			".github/keyplumb.cue": policy("acme.test/lib/shared"), "cue.mod/module.cue": module, "lib/shared/shared.cue": shared,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustLoad(t, Options{FS: tree(files)})
			if len(p.Secrets) != 1 || p.Secrets[0].Name != "SHARED_KEY" || p.Secrets[0].Owner != "me" {
				t.Fatalf("secrets are %+v", p.Secrets)
			}
			if at := p.Secrets[0].Position; !strings.HasSuffix(at.File, "shared.cue") || at.Line != 3 || at.Column != 10 {
				t.Errorf("SHARED_KEY is at %v", at)
			}
			if len(p.Files) != 2 {
				t.Errorf("files are %v", p.Files)
			}
			changed := tree(files)
			for name, file := range changed {
				if strings.HasSuffix(name, "shared.cue") {
					file.Data = []byte(shared + "// changed\n")
				}
			}
			if q := mustLoad(t, Options{FS: changed}); q.Digest == p.Digest {
				t.Error("a change in an imported package left the digest as it was")
			}
		})
	}
}

// TestNoModuleIsFetched imports a module that only a registry has.
func TestNoModuleIsFetched(t *testing.T) {
	t.Setenv("CUE_REGISTRY", "127.0.0.1:1+insecure")
	files := map[string]string{
		"keyplumb.cue":       "package keyplumb\n\nimport \"example.com/shared@v0\"\n" + body + "secrets: shared.x\n",
		"cue.mod/module.cue": module + "deps: \"example.com/shared@v0\": v: \"v0.1.0\"\n",
	}
	_, findings, err := Load(t.Context(), Options{FS: tree(files)})
	if err != nil || len(findings) != 1 || findings[0].Message != `package "example.com/shared@v0" cannot be found` || findings[0].Position.Line != 3 {
		t.Errorf("%v\n%s", err, render(findings))
	}
}

func TestImportCycle(t *testing.T) {
	files := map[string]string{
		"keyplumb.cue":       "package keyplumb\n\nimport \"acme.test/a\"\n" + body + "secrets: a.x\n",
		"cue.mod/module.cue": module,
		"a/a.cue":            "package a\n\nimport \"acme.test/b\"\n\nx: b.x\n",
		"b/b.cue":            "package b\n\nimport \"acme.test/a\"\n\nx: a.x\n",
	}
	_, findings, err := Load(t.Context(), Options{FS: tree(files)})
	if err != nil || len(findings) != 1 || findings[0].Message != `package "acme.test/a" imports itself` || findings[0].Position.File != "b/b.cue" {
		t.Errorf("%v\n%s", err, render(findings))
	}
}

func TestGuardSurvivesPanic(t *testing.T) {
	m := newMistakes("keyplumb.cue")
	m.guard(func() { panic("inside CUE") })
	if len(m.findings) != 1 || m.findings[0].Position.File != "keyplumb.cue" || strings.Contains(m.findings[0].Message, "inside") {
		t.Errorf("findings are %v", m.findings)
	}
}

// TestNothingOutside tries ways out of a work tree.
func TestNothingOutside(t *testing.T) {
	const whole = "package keyplumb\n" + body + "secrets: {}\n"
	write := func(t *testing.T, name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := func(t *testing.T, to, name string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name  string
		plant func(t *testing.T, inside, outside string)
		paths []string
		want  error  // that Load returns, or
		say   string // a finding's message; neither: it loads
	}{
		{name: "a link out", want: ErrOutside, plant: func(t *testing.T, inside, outside string) {
			write(t, outside+"/keyplumb.cue", whole)
			link(t, outside+"/keyplumb.cue", inside+"/keyplumb.cue")
		}},
		{name: "a relative link out", want: ErrOutside, plant: func(t *testing.T, inside, outside string) {
			write(t, outside+"/keyplumb.cue", whole)
			link(t, "../outside/keyplumb.cue", inside+"/keyplumb.cue")
		}},
		{name: "a folder that is a link out", want: ErrOutside, paths: []string{"ci"}, plant: func(t *testing.T, inside, outside string) {
			write(t, outside+"/keyplumb.cue", whole)
			link(t, outside, inside+"/ci")
		}},
		{name: "a link to nowhere", want: ErrOutside, plant: func(t *testing.T, inside, _ string) {
			link(t, "nowhere.cue", inside+"/keyplumb.cue")
		}},
		{name: "a path out", want: ErrOutside, paths: []string{"../outside/keyplumb.cue"}, plant: func(t *testing.T, _, outside string) {
			write(t, outside+"/keyplumb.cue", whole)
		}},
		{name: "a package that is a link out", say: `package "example.com/shared" cannot be found`, plant: func(t *testing.T, inside, outside string) {
			write(t, inside+"/keyplumb.cue", "package keyplumb\n\nimport \"example.com/shared\"\n"+body+"secrets: shared.secrets\n")
			write(t, inside+"/cue.mod/module.cue", module)
			write(t, outside+"/shared.cue", "package shared\n\nsecrets: {}\n")
			link(t, outside, inside+"/cue.mod/pkg/example.com/shared")
		}},
		{name: "a link inside", plant: func(t *testing.T, inside, _ string) {
			write(t, inside+"/ci/policy.cue", whole)
			link(t, "ci/policy.cue", inside+"/keyplumb.cue")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			both := t.TempDir()
			inside, outside := both+"/inside", both+"/outside"
			if err := os.MkdirAll(inside, 0o755); err != nil {
				t.Fatal(err)
			}
			test.plant(t, inside, outside)
			root, err := os.OpenRoot(inside)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = root.Close() })
			p, findings, err := Load(t.Context(), Options{FS: root.FS(), Paths: test.paths})
			switch {
			case test.want != nil:
				if !errors.Is(err, test.want) {
					t.Errorf("error %v, want %v", err, test.want)
				}
			case test.say != "":
				if err != nil || len(findings) != 1 || findings[0].Message != test.say {
					t.Errorf("error %v\n%s", err, render(findings))
				}
			case p == nil:
				t.Errorf("error %v\n%s", err, render(findings))
			}
		})
	}
}
