package repo

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func history(t *testing.T, r *Repo) (map[string]string, error) {
	got := map[string]string{}
	err := r.Blobs(t.Context(), func(o string, c []byte) error { got[o] = string(c); return nil })
	return got, err
}

func TestHistory(t *testing.T) {
	b := newRepo(t)
	b.write("old name.txt", "was here once")
	first := b.commit()
	object := b.git("rev-parse", "HEAD:old name.txt")
	b.git("mv", "old name.txt", "new.txt")
	b.commit()
	b.git("rm", "-q", "new.txt")
	b.write("x", "y")
	b.commit()
	r := b.open()
	got, err := history(t, r)
	if err != nil || got[object] != "was here once" {
		t.Fatalf("%v %v", got, err)
	}
	commit, path, err := r.Where(t.Context(), object)
	if err != nil || commit != first || path != "old name.txt" {
		t.Errorf("got %q %q %v, want %s", commit, path, err, first)
	}
}

func TestMergedHistory(t *testing.T) {
	b := newRepo(t)
	b.write("a", "base")
	b.commit()
	b.git("checkout", "-q", "-b", "side")
	b.write("secret.txt", "came by a side branch")
	want := b.commit()
	object := b.git("rev-parse", "HEAD:secret.txt")
	b.git("checkout", "-q", "main")
	b.write("z", "z")
	b.commit()
	b.git("merge", "-q", "--no-ff", "-m", "m", "side")
	b.git("branch", "-q", "-D", "side")
	commit, path, err := b.open().Where(t.Context(), object)
	if err != nil || commit != want || path != "secret.txt" {
		t.Errorf("got %q %q %v, want %s", commit, path, err, want)
	}
}

func TestPartialCloneIsToldApart(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "an old version with a value in it")
	b.commit()
	object := b.git("rev-parse", "HEAD:a.txt")
	b.write("a.txt", "clean")
	b.commit()
	b.git("config", "uploadpack.allowFilter", "true")
	dir := filepath.Join(t.TempDir(), "clone")
	b.git("clone", "-q", "--filter=blob:none", "file://"+b.root, dir)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := history(t, r)
	if _, there := got[object]; !there && err == nil {
		t.Errorf("an object of the history is missing, and nobody says so: %d blobs", len(got))
	}
}

func TestShallowCloneIsToldApart(t *testing.T) {
	b := newRepo(t)
	b.write("a.txt", "an old version with a value in it")
	b.commit()
	object := b.git("rev-parse", "HEAD:a.txt")
	b.write("a.txt", "clean")
	b.commit()
	dir := filepath.Join(t.TempDir(), "clone")
	b.git("clone", "-q", "--depth=1", "file://"+b.root, dir)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := history(t, r)
	if _, there := got[object]; !there && err == nil {
		t.Errorf("the history is cut short, and nobody says so: %d blobs", len(got))
	}
}

func TestGitKilledHalfWay(t *testing.T) {
	b := newRepo(t)
	fake := filepath.Join(t.TempDir(), "git")
	id := strings.Repeat("a", 40)
	if err := os.WriteFile(fake, []byte("#!/bin/sh\nprintf '"+id+" blob 3\\nabc\\n'\nkill -9 $$\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := b.open()
	r.git = fake
	misses := 0
	for range 20 {
		if got, err := history(t, r); err == nil && len(got) == 1 {
			misses++
		}
	}
	if misses > 0 {
		t.Errorf("git was killed, and %d of 20 runs call the history whole", misses)
	}
}

func TestBlobsStopped(t *testing.T) {
	b := newRepo(t)
	b.write("a", "1")
	b.write("b", "2")
	b.commit()
	stop := errors.New("stop")
	if err := b.open().Blobs(t.Context(), func(string, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.open().Blobs(ctx, func(string, []byte) error { return nil }); err == nil {
		t.Error("a cancelled search is no whole one")
	}
}
