package repo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// program finds git, by an absolute path: never one in the repository, where
// PATH has a relative folder.
func program() string {
	path, err := exec.LookPath("git")
	if err != nil || !filepath.IsAbs(path) {
		return ""
	}
	return path
}

// disarmed are the settings that keep a repository's configuration from
// running programs, and from answering for another repository.
func (r *Repo) disarmed() []string {
	return []string{
		"-c", "safe.bareRepository=explicit",
		"-c", "safe.directory=" + r.root, // a container's user is not the one who checked out
		"-c", "core.fsmonitor=",
		"-c", "core.hooksPath=/dev/null",
		"-c", "core.pager=cat",
		"-c", "core.sshCommand=false",
		"-c", "core.attributesFile=/dev/null",
		"-c", "credential.helper=",
		"-c", "protocol.allow=never",
		"-c", "diff.external=",
		"-c", "log.showSignature=false", // would run gpg.program, and print what it says among the commits
		"-c", "gc.auto=0",
		"--no-optional-locks", "--no-replace-objects", "--literal-pathspecs",
		"--git-dir=" + filepath.Join(r.root, ".git"), "--work-tree=" + r.root,
	}
}

// environment is git's: nothing of GIT_ from ours, no configuration of the
// system's or the user's that could run programs, no questions asked.
func environment() []string {
	var env []string
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); name == "PATH" || name == "HOME" || name == "TMPDIR" || name == "SYSTEMROOT" {
			env = append(env, pair)
		}
	}
	return append(env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_NO_LAZY_FETCH=1",
		"GIT_OPTIONAL_LOCKS=0", "GIT_ALLOW_PROTOCOL=", "GIT_CEILING_DIRECTORIES=/")
}

// failure is a git that ended with a status. What it printed is not told: it
// may quote anything.
type failure struct {
	command string
	status  int
}

func (f *failure) Error() string {
	return fmt.Sprintf("git %s ended with status %d", f.command, f.status)
}
func (f *failure) Is(target error) bool { return target == ErrGit }

// exitStatus gives the status that git ended with, -1 where it did not run.
func exitStatus(err error) int {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.status
	}
	return -1
}

// command makes a git command in the repository.
func (r *Repo) command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	if r.git == "" {
		return nil, ErrNoGit
	}
	cmd := exec.CommandContext(ctx, r.git, append(r.disarmed(), args...)...) //nolint:gosec // git, with arguments of ours
	cmd.Dir, cmd.Env = r.root, environment()
	return cmd, nil
}

// run runs git to its end and gives what it printed.
func (r *Repo) run(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	cmd, err := r.command(ctx, args...)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout = stdin, &out
	err = cmd.Run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, &failure{args[0], exit.ExitCode()}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: git %s did not run", ErrGit, args[0])
	}
	return out.Bytes(), nil
}
