package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/keyplumb/keyplumb/policy/repo"
	"github.com/keyplumb/keyplumb/sync/engine"
)

// A tree is what the policy and the file sources are read from.
type tree struct {
	files  fs.FS      // nothing outside it can be opened
	root   string     // the folder that it is the tree of
	commit string     // "" where it is none, or was not asked for
	base   bool       // it is what a pull request is to be merged into
	repo   *repo.Repo // nil where there is none
}

// isIgnored tells whether git ignores a path. Without a repository nothing is:
// whoever makes it one later would commit the file.
func (t tree) isIgnored(ctx context.Context, path string) (bool, error) {
	if t.repo == nil {
		return false, nil
	}
	return t.repo.IsIgnored(ctx, path)
}

// worktree gives the files as they are: the repository's that the working
// directory is in, else those of the working directory.
func (c *Command) worktree() (tree, error) {
	t := tree{root: c.Dir}
	if r, err := repo.Open(c.Dir); err == nil {
		t.repo, t.root = r, r.Root()
	}
	files, err := repo.FS(t.root)
	if err != nil {
		return tree{}, refuse(exitFailed, "", "the folder that keyplumb runs in cannot be opened")
	}
	t.files = files
	return t, nil
}

// treeOf gives the files that a command may act on that handles values: on a
// pull request those of the revision that it is to be merged into, for a
// policy or a file of the request's own could have any secret carried out.
func (c *Command) treeOf(ctx context.Context, j job) (tree, error) {
	t, err := c.worktree()
	if err != nil {
		return tree{}, err
	}
	switch {
	case t.repo == nil && j.base == "":
		return t, nil
	case t.repo == nil:
		return tree{}, &exitError{code: exitFailed, err: repo.ErrNoRepository, hint: "check the repository out before keyplumb runs"}
	case j.base == "":
		t.commit, err = t.repo.Head(ctx)
	default:
		t.commit, t.base = j.base, true
		t.files, err = t.repo.At(ctx, j.base)
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

// searchLeaks looks for values in the repository's files and history. Not on a
// pull request: it could bring a list of guesses, and be told which was right.
func (t tree) searchLeaks(ctx context.Context, patterns [][]byte) ([]engine.Leak, error) {
	if t.base {
		return nil, refuse(exitFailed, "run it on push to a protected branch, or on a schedule", "--leaks is refused on a pull request, whose own files could hold guesses")
	}
	if t.repo == nil {
		return nil, refuse(exitFailed, "run it in the repository, or without --leaks", "%w", repo.ErrNoRepository)
	}
	leaks, err := engine.LeaksIn(t.repo)(ctx, patterns)
	if errors.Is(err, repo.ErrIncomplete) {
		return nil, refuse(exitFailed, "fetch all of it: git fetch --unshallow, or fetch-depth: 0 with actions/checkout", "%w", err)
	}
	return leaks, err
}
