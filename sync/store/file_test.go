package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

func TestReadFile(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(outside, "secret"): "canary", filepath.Join(dir, "a", "file"): "text",
		filepath.Join(dir, "full"): "12345678", filepath.Join(dir, "long"): "123456789",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"out": filepath.Join(outside, "secret"), "folder": outside, "in": "a/file", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // nothing was written
	for name, want := range map[string]error{
		"a/file": nil, "./a/../a/file": nil, "in": nil, "full": nil,
		"none": store.ErrNotFound, "a/none": store.ErrNotFound, "long": store.ErrTooLarge,
		"a": store.ErrUnreadable, "loop": store.ErrUnreadable, "out": store.ErrUnreadable, "folder/secret": store.ErrUnreadable,
		"": store.ErrInvalid, ".": store.ErrInvalid, "..": store.ErrInvalid, "../x": store.ErrInvalid, "a/../../x": store.ErrInvalid,
		filepath.Join(outside, "secret"): store.ErrInvalid,
	} {
		data, err := store.ReadFile(root.FS(), name, 8)
		if !errors.Is(err, want) || want == nil && len(data) == 0 || want != nil && data != nil {
			t.Errorf("%q: %d bytes, %v; want %v", name, len(data), err, want)
		}
		if err != nil && strings.Contains(err.Error(), dir) {
			t.Errorf("%q: the error shows where the repository is: %v", name, err)
		}
	}
}

func TestReferenceString(t *testing.T) {
	for want, ref := range map[string]store.Reference{
		"kv/api#KEY@3": {Path: "kv/api", Field: "KEY", Version: "3"}, "kv/api": {Path: "kv/api"}, "#KEY": {Field: "KEY"},
	} {
		if got := ref.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
