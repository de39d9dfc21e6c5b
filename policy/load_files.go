package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/schemas"
)

// ErrNoPolicy is that there is no policy where one was looked for.
var ErrNoPolicy = errors.New("no policy found")

// ErrOutside is a path or a link that leaves the repository, or that leads
// nowhere.
var ErrOutside = errors.New("leaves the repository")

// DefaultPaths are where a policy is looked for when none is named.
func DefaultPaths() []string {
	return []string{"keyplumb.cue", ".github/keyplumb.cue", ".gitlab/keyplumb.cue"}
}

// located are the files of a policy and the folder that imports start from.
type located struct {
	files []string
	dir   string
}

// locate finds the policy's files.
func locate(fence *fence, paths []string) (located, error) {
	if len(paths) == 0 {
		return locateDefault(fence)
	}
	var found located
	for _, name := range paths {
		files, dir, err := expand(fence, path.Clean(name))
		if err != nil {
			return located{}, err
		}
		if found.files == nil {
			found.dir = dir
		}
		found.files = append(found.files, files...)
	}
	slices.Sort(found.files)
	found.files = slices.Compact(found.files)
	if len(found.files) == 0 {
		return located{}, fmt.Errorf("%w: no .cue file of a policy in %s", ErrNoPolicy, strings.Join(paths, ", "))
	}
	return found, nil
}

func locateDefault(fence *fence) (located, error) {
	for _, name := range DefaultPaths() {
		files, dir, err := expand(fence, name)
		if errors.Is(err, ErrNoPolicy) || err == nil && len(files) == 0 {
			continue
		}
		return located{files, dir}, err
	}
	return located{}, fmt.Errorf("%w: looked for %s", ErrNoPolicy, strings.Join(DefaultPaths(), ", "))
}

// expand gives the files that one path stands for, and their folder.
func expand(fence *fence, name string) (files []string, dir string, err error) {
	if !fs.ValidPath(name) {
		return nil, "", fmt.Errorf("policy %s: %w", name, ErrOutside)
	}
	info, err := fs.Stat(fence.tree, name)
	if err != nil {
		return nil, "", explainStat(fence.tree, name, err)
	}
	files, dir = []string{name}, path.Dir(name)
	if info.IsDir() {
		files, dir = fence.folder(name), name
	}
	files, err = withoutSchema(fence, files)
	return files, dir, err
}

// withoutSchema leaves out the file that `keyplumb schema` printed.
func withoutSchema(fence *fence, files []string) ([]string, error) {
	var kept []string
	for _, name := range files {
		data, err := fence.content(name)
		if err != nil {
			return nil, explainStat(fence.tree, name, err)
		}
		first, _, _ := strings.Cut(string(data), "\n")
		if strings.TrimRight(first, "\r") != schemas.EditorsMark {
			kept = append(kept, name)
		}
	}
	return kept, nil
}

// inPackage tells which files of a folder CUE itself would take.
func inPackage(entry fs.DirEntry) bool {
	name := entry.Name()
	return !entry.IsDir() && strings.HasSuffix(name, ".cue") &&
		!strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "_") &&
		!strings.HasSuffix(name, "_tool.cue") && !strings.HasSuffix(name, "_test.cue")
}

// explainStat says why a path cannot be read, in words of our own: not there,
// a link that leads out of the tree (or nowhere), or no regular file.
func explainStat(tree fs.FS, name string, err error) error {
	if errors.Is(err, errNotPolicy) {
		return fmt.Errorf("policy %s: is no regular .cue file", name)
	}
	if info, lerr := fs.Lstat(tree, name); lerr == nil && info.Mode().Type() == fs.ModeSymlink {
		return fmt.Errorf("policy %s: a link that %w", name, ErrOutside)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is not there", ErrNoPolicy, name)
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("policy %s: %w", name, fs.ErrPermission)
	}
	return fmt.Errorf("policy %s: cannot be read", name)
}
