package dotenv_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
	"github.com/keyplumb/keyplumb/sync/target/dotenv"
)

// operations is everything that touches a scope's file.
func operations(d *dotenv.Target, scope store.Scope) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"list": func(ctx context.Context) error {
			_, err := d.List(ctx, scope, []store.Kind{store.Secret})
			return err
		},
		"prepare": func(ctx context.Context) error { return d.Prepare(ctx, scope) },
		"put": func(ctx context.Context) error {
			p := placement("NAME", "canary")
			p.Scope = scope
			_, err := d.Put(ctx, p)
			return err
		},
		"delete": func(ctx context.Context) error { return d.Delete(ctx, scope, store.Secret, "OTHER") },
		"read":   func(ctx context.Context) error { _, err := d.ReadShard(ctx, scope, 1); return err },
		"write":  func(ctx context.Context) error { return d.WriteShard(ctx, scope, 1, "text") },
	}
}

// contents gives every file of a repository.
func contents(t *testing.T, root *os.Root) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := root.ReadFile(name)
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBounds(t *testing.T) {
	outside := t.TempDir()
	for _, test := range []struct {
		why, path string
		options   dotenv.Options
		prepare   func(*os.Root) error
		kind      error
		says      string
	}{
		{"in CI", ".env", dotenv.Options{InCI: true, AllowPlaintext: true}, nil, store.ErrDenied, "in CI"},
		{"production", ".env", dotenv.Options{Production: true}, nil, store.ErrDenied, "production"},
		{"not ignored", ".env", dotenv.Options{IsIgnored: func(string) (bool, error) { return false, nil }}, nil, store.ErrDenied, "git does not ignore .env,"},
		{"temporary file not ignored", ".env", dotenv.Options{IsIgnored: func(name string) (bool, error) { return name == ".env", nil }}, nil, store.ErrDenied, "git does not ignore .env.keyplumb-tmp,"},
		{"git fails", ".env", dotenv.Options{IsIgnored: func(string) (bool, error) { return true, errors.New("canary") }}, nil, store.ErrUnavailable, "git does not say"},
		{"another name", "config.yaml", dotenv.Options{}, nil, store.ErrInvalid, ".env…"},
		{"another name in a folder", ".env/config", dotenv.Options{}, nil, store.ErrInvalid, ".env…"},
		{"outside", "../.env", dotenv.Options{}, nil, store.ErrInvalid, "inside the repository"},
		{"absolute", "/tmp/.env", dotenv.Options{}, nil, store.ErrInvalid, "inside the repository"},
		{"back and out", "app/../../.env", dotenv.Options{}, nil, store.ErrInvalid, "inside the repository"},
		{"a link", ".env", dotenv.Options{}, func(r *os.Root) error { return r.Symlink("app/target", ".env") }, store.ErrInvalid, "link"},
		{"a link out", ".env", dotenv.Options{}, func(r *os.Root) error { return r.Symlink(outside+"/victim", ".env") }, store.ErrInvalid, "link"},
		{"a folder that is a link out", "out/.env", dotenv.Options{}, func(r *os.Root) error { return r.Symlink(outside, "out") }, store.ErrInvalid, "leaves the repository"},
		{"a folder", ".env", dotenv.Options{}, func(r *os.Root) error { return r.Mkdir(".env", 0o700) }, store.ErrInvalid, "no regular file"},
		{"malformed", ".env", dotenv.Options{}, func(r *os.Root) error { return r.WriteFile(".env", []byte("A=b\ncanary here\n"), 0o600) }, store.ErrUnreadable, "file:.env:2"},
	} {
		t.Run(test.why, func(t *testing.T) {
			root := folder(t)
			if test.prepare != nil {
				if err := test.prepare(root); err != nil {
					t.Fatal(err)
				}
			}
			test.options.Root = root
			if test.options.IsIgnored == nil {
				test.options.IsIgnored = func(string) (bool, error) { return true, nil }
			}
			before := contents(t, root)
			d := dotenv.New(test.options)
			for op, run := range operations(d, store.Scope("file:"+test.path)) {
				err := run(t.Context())
				if op == "prepare" && test.why == "malformed" {
					continue // it looks at the file, not into it
				}
				if !errors.Is(err, test.kind) || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%s: %v, want %v, saying %q", op, err, test.kind, test.says)
				} else if strings.Contains(err.Error()+store.Hint(err), "canary") {
					t.Errorf("%s shows what it must not: %v", op, err)
				}
			}
			if after := contents(t, root); len(after) != len(before) || after[test.path] != before[test.path] {
				t.Errorf("refused, but written: %v", after)
			}
			if left, _ := os.ReadDir(outside); len(left) > 0 {
				t.Errorf("written outside: %v", left)
			}
			if _, err := d.Identity(t.Context()); (err != nil) != (test.options.InCI || test.options.Production) {
				t.Errorf("identity: %v", err)
			}
		})
	}
}

func TestProductionAllowed(t *testing.T) {
	root := folder(t)
	d := dotenv.New(dotenv.Options{Root: root, IsIgnored: ignored, Production: true, AllowPlaintext: true})
	if _, err := d.Put(t.Context(), placement("NAME", "value")); err != nil {
		t.Error(err)
	}
}

func TestNoFolder(t *testing.T) {
	d := target(folder(t))
	if err := d.Prepare(t.Context(), "file:none/.env"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("prepare: %v", err)
	}
	if listing, err := d.List(t.Context(), "file:none/.env", []store.Kind{store.Secret}); err != nil || len(listing.Items) > 0 {
		t.Errorf("list: %v, %v", listing, err)
	}
}

func TestOddScopes(t *testing.T) {
	d := target(folder(t))
	for _, scope := range []store.Scope{"", "file:", "environment:prod", ".env", "file:.env\x00"} {
		if err := d.Prepare(t.Context(), scope); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%q: %v", scope, err)
		}
	}
}

func TestCheckShowsNothing(t *testing.T) {
	d := target(folder(t))
	for _, canary := range storetest.Canaries() {
		for _, spoilt := range []string{canary.Value + "\x00", canary.Value + "'\n\\", canary.Value + strings.Repeat("x", dotenv.MaxValue)} {
			err := d.Check(placement("NAME", spoilt))
			if err == nil {
				t.Errorf("%s: accepted", canary.Name)
			}
			canary.Absent(t, err)
		}
	}
}
