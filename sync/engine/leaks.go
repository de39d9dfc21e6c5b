package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/policy/repo"
	"github.com/keyplumb/keyplumb/policy/scan"
)

// LeaksIn looks for values in all that a repository tracks: the files as they
// lie in the work tree, and every version of every file in its history. Of a
// value that both hold, only the files are told.
func LeaksIn(r *repo.Repo) func(context.Context, [][]byte) ([]Leak, error) {
	return func(ctx context.Context, patterns [][]byte) ([]Leak, error) {
		known, err := scan.NewKnown(patterns)
		if err != nil {
			return nil, err
		}
		leaks, err := leaksInFiles(ctx, r, known)
		if err != nil {
			return nil, err
		}
		inFiles := map[int]bool{}
		for _, l := range leaks {
			inFiles[l.Pattern] = true
		}
		older, err := leaksInHistory(ctx, r, known, inFiles)
		return append(leaks, older...), err
	}
}

func leaksInFiles(ctx context.Context, r *repo.Repo, known *scan.Known) ([]Leak, error) {
	files, err := r.Files(ctx)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(r.Root())
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // it was only read
	var leaks []Leak
	for _, name := range files {
		local := filepath.FromSlash(name)
		if info, err := root.Lstat(local); err != nil || !info.Mode().IsRegular() {
			continue // deleted, a link or a submodule: its text is in the history
		}
		content, err := root.ReadFile(local)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, m := range known.Find(content) {
			leaks = append(leaks, Leak{Pattern: m.Pattern, At: finding.Position{File: name, Line: m.Line, Column: m.Column}})
		}
	}
	return leaks, ctx.Err()
}

func leaksInHistory(ctx context.Context, r *repo.Repo, known *scan.Known, skip map[int]bool) ([]Leak, error) {
	hits := map[string][]scan.Match{}
	err := r.Blobs(ctx, func(object string, content []byte) error {
		for _, m := range known.Find(content) {
			if !skip[m.Pattern] {
				hits[object] = append(hits[object], m)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var leaks []Leak
	for object, matches := range hits {
		commit, path, err := r.Where(ctx, object)
		if err != nil {
			return nil, err
		}
		if commit == "" {
			commit = object // no commit reaches it; whoever copies the repository's store has it all the same
		}
		for _, m := range matches {
			leaks = append(leaks, Leak{Pattern: m.Pattern, Commit: commit, At: finding.Position{File: path, Line: m.Line, Column: m.Column}})
		}
	}
	return leaks, nil
}
