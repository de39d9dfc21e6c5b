package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestAt(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "one")
	b.write("dir/deep/b.txt", "two")
	b.write("odd \"name\"\n.txt", "three")
	first := b.commit()
	b.write("a.txt", "changed")
	b.commit()
	files, err := b.open().At(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := fs.ReadFile(files, "a.txt"); string(got) != "one" {
		t.Errorf("got %q", got)
	}
	if err := fstest.TestFS(files, "a.txt", "dir/deep/b.txt", "odd \"name\"\n.txt"); err != nil {
		t.Error(err)
	}
}

func TestAtLinks(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "one")
	for link, to := range map[string]string{"out": "/etc/passwd", "in": "a.txt"} {
		if err := os.Symlink(to, filepath.Join(b.root, link)); err != nil {
			t.Fatal(err)
		}
	}
	head := b.commit()
	files, err := b.open().At(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"out", "in"} {
		if _, err := files.Open(link); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", link, err)
		}
	}
}

func TestAtRefuses(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "one")
	b.commit()
	for _, rev := range []string{"", "--help", "HEAD", strings.Repeat("0", 40), "main"} {
		if _, err := b.open().At(t.Context(), rev); !errors.Is(err, ErrNoRevision) {
			t.Errorf("%q: %v", rev, err)
		}
	}
}

// BenchmarkWideTree shows that a folder of many files takes time in proportion
// to their number.
func BenchmarkWideTree(b *testing.B) {
	for _, n := range []int{10_000, 40_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				tree := &revisionFS{files: map[string]*node{".": {name: ".", dir: true}}}
				for i := range n {
					tree.add(fmt.Sprintf("100644 blob 0123 5\twide/file-%06d.txt", i))
				}
			}
		})
	}
}
