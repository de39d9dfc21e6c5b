package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestOutside(t *testing.T) {
	if _, err := Open(t.TempDir()); !errors.Is(err, ErrNoRepository) {
		t.Errorf("got %v", err)
	}
	b := newRepo(t)
	t.Setenv("PATH", "")
	r := b.open()
	if _, err := r.Files(t.Context()); !errors.Is(err, ErrNoGit) {
		t.Errorf("got %v", err)
	}
}

func TestIsIgnored(t *testing.T) {
	b := newRepo(t)
	b.write(".gitignore", ".env*\n!/.env.example\n")
	b.write(".env.tracked", "x")
	b.git("add", "-f", ".env.tracked", ".gitignore")
	b.git("commit", "-q", "-m", "x")
	for path, want := range map[string]bool{".env": true, ".env.example": false, ".env.tracked": false, "a.txt": false, "[a]*": false, "sub/.env": true} {
		if got, err := b.open().IsIgnored(t.Context(), path); got != want || err != nil {
			t.Errorf("%s: %v %v", path, got, err)
		}
	}
}

func TestWorktree(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "one")
	head := b.commit()
	dir := filepath.Join(t.TempDir(), "wt")
	b.git("worktree", "add", "-q", "--detach", dir)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Head(t.Context()); got != head || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if files, err := r.Files(t.Context()); len(files) != 1 || err != nil {
		t.Errorf("%q %v", files, err)
	}
}

func TestPromisorRunsNothing(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "gone")
	head := b.commit()
	object := b.git("rev-parse", "HEAD:a.txt")
	program, mark := b.trap()
	b.git("config", "core.repositoryformatversion", "1")
	b.git("config", "extensions.partialClone", "origin")
	b.git("config", "remote.origin.url", "ext::"+program)
	b.git("config", "remote.origin.promisor", "true")
	b.git("config", "remote.origin.uploadpack", program)
	b.git("config", "protocol.ext.allow", "always")
	if err := os.Remove(filepath.Join(b.root, ".git/objects", object[:2], object[2:])); err != nil {
		t.Fatal(err)
	}
	everything(t, b.open(), head, object)
	if ran(mark) {
		t.Error("a missing object ran a program")
	}
}

func BenchmarkAtRead(b *testing.B) {
	r := newRepo(b)
	for i := range 200 {
		r.write(fmt.Sprintf("d/%d.yaml", i), "x: 1\n")
	}
	head := r.commit()
	files, err := r.open().At(b.Context(), head)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for i := range 200 {
			if _, err := fs.ReadFile(files, fmt.Sprintf("d/%d.yaml", i)); err != nil {
				b.Fatal(err)
			}
		}
	}
}
