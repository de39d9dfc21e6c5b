package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/keyplumb/keyplumb/policy/repo"
)

// A tree is what the policy and the file sources are read from.
type tree struct {
	files  fs.FS  // nothing outside it can be opened
	root   string // the folder that it is the tree of
	commit string // "" where it is none, or was not asked for
}

// worktree gives the files as they are: the repository's that the working
// directory is in, else those of the working directory.
func (c *Command) worktree() (tree, error) {
	root := c.Dir
	if r, err := repo.Open(c.Dir); err == nil {
		root = r.Root()
	}
	files, err := repo.FS(root)
	if err != nil {
		return tree{}, &exitError{code: exitFailed, err: err}
	}
	return tree{files: files, root: root}, nil
}

// treeOf gives the files that a command may act on that handles values: on a
// pull request those of the revision that it is to be merged into, for a
// policy or a file of the request's own could have any secret carried out.
func (c *Command) treeOf(ctx context.Context, j job) (tree, error) {
	t, err := c.worktree()
	if err != nil {
		return tree{}, err
	}
	r, err := repo.Open(c.Dir)
	switch {
	case err != nil && j.base == "":
		return t, nil
	case err != nil:
		return tree{}, &exitError{code: exitFailed, err: err, hint: "check the repository out before keyplumb runs"}
	case j.base == "":
		t.commit, err = r.Head(ctx)
	default:
		t.commit = j.base
		t.files, err = r.At(ctx, j.base)
	}
	switch {
	case errors.Is(err, repo.ErrNoRevision):
		return tree{}, j.errBaseMissing()
	case errors.Is(err, repo.ErrNoGit) && j.base == "":
		return t, nil
	case err != nil:
		return tree{}, &exitError{code: exitFailed, err: err}
	}
	return t, nil
}
