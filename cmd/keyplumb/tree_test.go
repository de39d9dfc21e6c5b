package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/policy/repo"
)

// gitIn runs git in a folder, as a fresh user has it.
func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...) //nolint:gosec // this test's own arguments
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v", args[0], err)
	}
	return strings.TrimSpace(string(out))
}

// commitFile commits one file and gives the commit.
func commitFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	gitIn(t, dir, "add", name)
	gitIn(t, dir, "commit", "-q", "-m", "a change")
	return gitIn(t, dir, "rev-parse", "HEAD")
}

// TestTreeOfPullRequest has a pull request change a file that values may come
// from: what is read is the file before it.
func TestTreeOfPullRequest(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	gitIn(t, dir, "init", "-q")
	base := commitFile(t, dir, "keyplumb.cue", "package keyplumb // base\n")
	head := commitFile(t, dir, "keyplumb.cue", "package keyplumb // head\n")
	inner := filepath.Join(dir, "inner")
	if err := os.Mkdir(inner, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name         string
		job          job
		text, commit string
	}{
		{"no pull request", job{}, "package keyplumb // head\n", head},
		{"pull request", job{ci: githubCI, base: base}, "package keyplumb // base\n", base},
	} {
		got, err := (&Command{Dir: inner}).treeOf(t.Context(), test.job)
		if err != nil {
			t.Fatal(err)
		}
		text, err := fs.ReadFile(got.files, "keyplumb.cue")
		if err != nil || string(text) != test.text || got.commit != test.commit {
			t.Errorf("%s: %q at %s, %v", test.name, text, got.commit, err)
		}
	}
	_, err := (&Command{Dir: dir}).treeOf(t.Context(), job{ci: githubCI, base: baseRevision})
	if codeOf(err) != exitFailed || !strings.Contains(hintOf(err), "git fetch --depth=1 origin "+baseRevision) {
		t.Errorf("a base that is not there: %v, %q", err, hintOf(err))
	}
	if _, err := (&Command{Dir: t.TempDir()}).treeOf(t.Context(), job{ci: githubCI, base: base}); !errors.Is(err, repo.ErrNoRepository) {
		t.Errorf("no repository: %v", err)
	}
}

// A pull request that brings guesses is not told which of them is right.
func TestNoLeaksOnAPullRequest(t *testing.T) {
	s := newStage(t)
	s.write("keyplumb.cue", stagePolicy)
	s.seal("dev", values("dev", "one"))
	s.seal("prod", values("prod", "one"))
	a := &aviary{stage: s}
	a.repository()
	a.commit()
	base := gitIn(t, s.dir, "rev-parse", "HEAD")
	commitFile(t, s.dir, "guesses.txt", "FIRST of prod, none\nFIRST of prod, one\n")
	repository := `{"id": 1, "full_name": "acme/api"}`
	s.write(".git/event.json", `{"repository": `+repository+`, "pull_request": {"head": {"repo": `+repository+`}, "base": {"sha": "`+base+`", "repo": `+repository+`}}}`)
	for name, value := range map[string]string{"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/api",
		"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": s.dir + "/.git/event.json"} {
		s.setenv(name, value)
	}
	if out := s.must(exitOK, "plan"); !strings.Contains(out, "plan: 6 to create") {
		t.Errorf("the pull request is not planned at all:\n%s", out)
	}
	if out := s.must(exitFailed, "plan", "--leaks"); !strings.Contains(out, "refused on a pull request") || strings.Contains(out, "guesses.txt") {
		t.Errorf("a guess is answered:\n%s", out)
	}
}

// Of a history that is not all there nobody can say that it holds no value.
func TestLeaksInAShallowClone(t *testing.T) {
	s := newStage(t)
	s.write("keyplumb.cue", stagePolicy)
	s.seal("dev", values("dev", "one"))
	s.seal("prod", values("prod", "one"))
	a := &aviary{stage: s}
	a.repository()
	a.commit()
	a.git("commit", "-q", "--allow-empty", "-m", "two")
	a.git("clone", "-q", "--depth", "1", "file://"+s.dir, "clone")
	s.dir += "/clone"
	code, out, errs := s.run("plan", "--leaks")
	if code != exitFailed || !strings.Contains(errs, "the clone is shallow") || !strings.Contains(errs, "hint: fetch all of it") || out != "" {
		t.Errorf("ended with %d\n%s%s", code, out, errs)
	}
}
