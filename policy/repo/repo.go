// Package repo is the git repository that keyplumb runs in, and the one place
// that runs git.
//
// A repository is not to be trusted: its configuration can name programs that
// git runs on a mere status, and a bare repository that somebody committed in
// a subfolder is one that git would find by itself. So git is never left to
// find a repository: the root is looked for here, by its .git alone, and git
// is told. What its configuration could run is disarmed, and the environment's
// GIT_ variables do not reach it.
package repo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// What can be wrong.
var (
	ErrNoRepository = errors.New("this is no git repository")
	ErrNoGit        = errors.New("git is not installed")
	ErrNoRevision   = errors.New("the revision is not there")
	ErrIncomplete   = errors.New("the clone does not hold the whole history")
	ErrGit          = errors.New("git failed")
)

// A Repo is a work tree.
type Repo struct {
	root string
	git  string // the program; "" where it is not installed
}

// Open finds the work tree that a folder is in. The error is ErrNoRepository.
func Open(dir string) (*Repo, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrNoRepository, dir)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			return &Repo{root: at, git: program()}, nil
		}
		if at == filepath.Dir(at) {
			return nil, ErrNoRepository
		}
	}
}

// Root is the folder of the work tree.
func (r *Repo) Root() string { return r.root }

// FS is a folder as a file system. Nothing outside it can be opened, through
// links either.
func FS(dir string) (fs.FS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return root.FS(), nil
}

// Head gives the commit that is checked out, "" before the first one.
func (r *Repo) Head(ctx context.Context) (string, error) {
	out, err := r.run(ctx, nil, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	if errors.Is(err, ErrGit) {
		return "", nil
	}
	return strings.TrimSpace(string(out)), err
}

// IsIgnored tells whether git ignores a path of the work tree, and so would
// not commit it by accident. A path that is tracked is not ignored.
func (r *Repo) IsIgnored(ctx context.Context, path string) (bool, error) {
	// check-ignore takes paths, not patterns, and refuses to be told so.
	_, err := r.run(ctx, nil, "--no-literal-pathspecs", "check-ignore", "--quiet", "--", "./"+path)
	switch {
	case err == nil:
		return true, nil
	case exitStatus(err) == 1:
		return false, nil
	}
	return false, err
}

// OriginURL gives the address of the remote called origin, "" where there is
// none. It is for telling which repository this is, and may hold a credential.
func (r *Repo) OriginURL(ctx context.Context) (string, error) {
	out, err := r.run(ctx, nil, "config", "--local", "--get", "remote.origin.url")
	if exitStatus(err) == 1 {
		return "", nil
	}
	return strings.TrimSpace(string(out)), err
}

// Files gives the paths that git tracks in the work tree.
func (r *Repo) Files(ctx context.Context) ([]string, error) {
	out, err := r.run(ctx, nil, "ls-files", "-z")
	if err != nil {
		return nil, err
	}
	return split(out), nil
}

// split takes apart what git ends with NUL each.
func split(out []byte) []string {
	text := strings.TrimSuffix(string(out), "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}
