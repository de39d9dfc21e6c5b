package repo

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bench is a repository for one test, made with git's own commands.

type bench struct {
	t    testing.TB
	root string
}

func newRepo(t testing.TB) *bench {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	b := &bench{t, t.TempDir()}
	b.git("init", "-q", "-b", "main")
	return b
}

func (b *bench) git(args ...string) string {
	b.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = b.root
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b *bench) write(name, content string) {
	b.t.Helper()
	path := filepath.Join(b.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) commit() string {
	b.t.Helper()
	b.git("add", "-A")
	b.git("commit", "-q", "-m", "change")
	return b.git("rev-parse", "HEAD")
}

func (b *bench) open() *Repo {
	b.t.Helper()
	r, err := Open(b.root)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// trap writes a program that leaves a mark when it runs.

// everything asks a repository all that can be asked.

// sign makes the current commit one that says it is signed.
