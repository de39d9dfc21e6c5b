package engine

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/keyplumb/keyplumb/policy/repo"
)

func TestLeaksInFilesAndHistory(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("LEFT OUT: git is not installed")
	}
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=n", "-c", "user.email=e", "-C", dir}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git("init", "-q")
	write("old.txt", "first line\nkey=value-that-was-removed\n")
	git("add", ".")
	git("commit", "-qm", "one")
	git("rm", "-q", "old.txt")
	write("new.txt", "a: b\n\n  c: "+base64.StdEncoding.EncodeToString([]byte("value-that-is-there"))+"\n")
	write("untracked.txt", "value-that-is-nowhere-else")
	git("add", "new.txt")
	git("commit", "-qm", "two")

	r, err := repo.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	leaks, err := LeaksIn(r)(t.Context(), [][]byte{[]byte("value-that-is-nowhere-else"), []byte("value-that-is-there"), []byte("value-that-was-removed")})
	if err != nil {
		t.Fatal(err)
	}
	if len(leaks) != 2 {
		t.Fatalf("got %+v, want two", leaks)
	}
	if l := leaks[0]; l.Pattern != 1 || l.Commit != "" || l.At.String() != "new.txt:3:6" {
		t.Errorf("in the files: %+v", l)
	}
	if l := leaks[1]; l.Pattern != 2 || len(l.Commit) != 40 || l.At.String() != "old.txt:2:5" {
		t.Errorf("in the history: %+v", l)
	}
}
