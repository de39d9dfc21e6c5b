package policy

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/mod/modfile"
	"cuelang.org/go/mod/module"
)

// maxFile bounds one file of a policy, in bytes.
const maxFile = 8 << 20

// A fence is all that CUE's loader sees of the world: the regular .cue files
// of one tree. It remembers what was read, for the policy's digest.
//
// Links are followed by the tree below it, which must not let them leave
// (os.Root does not).
type fence struct {
	tree fs.FS

	mu   sync.Mutex
	read map[string][]byte
}

func newFence(tree fs.FS) *fence {
	return &fence{tree: tree, read: map[string][]byte{}}
}

var errNotPolicy = errors.New("not a .cue file")

// Open lets through folders and regular .cue files. A named pipe would hang
// the loader, so a file is looked at before it is opened.
func (f *fence) Open(name string) (fs.File, error) {
	info, err := fs.Stat(f.tree, name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return f.tree.Open(name)
	}
	if path.Ext(name) != ".cue" || !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNotPolicy}
	}
	if info.Size() > maxFile {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("larger than %d bytes", maxFile)}
	}
	data, err := f.content(name)
	if err != nil {
		return nil, err
	}
	return &keptFile{Reader: strings.NewReader(string(data)), info: info}, nil
}

// content reads a file once; the loader and the digest see the same bytes.
func (f *fence) content(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if data, ok := f.read[name]; ok {
		return data, nil
	}
	data, err := fs.ReadFile(f.tree, name)
	if err != nil {
		return nil, err
	}
	f.read[name] = data
	return data, nil
}

// ReadDir implements fs.ReadDirFS.
func (f *fence) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.tree, name) }

// Stat implements fs.StatFS.
func (f *fence) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.tree, name) }

// digest is over the names and contents of files that were read, each with its
// length, so that no two sets of files read alike.
func (f *fence) digest(files []string) (sum [32]byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	hash := sha256.New()
	for _, name := range slices.Sorted(slices.Values(files)) {
		for _, part := range [][]byte{[]byte(name), f.read[name]} {
			hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
			hash.Write(part)
		}
	}
	hash.Sum(sum[:0])
	return sum
}

// modules gives the module files that were read: they decide what an import
// means.
func (f *fence) modules() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Keys(f.read)), func(name string) bool {
		return path.Base(path.Dir(name)) != "cue.mod"
	})
}

// A keptFile is a file whose bytes were read already.
type keptFile struct {
	io.Reader
	info fs.FileInfo
}

func (k *keptFile) Stat() (fs.FileInfo, error) { return k.info, nil }
func (k *keptFile) Close() error               { return nil }

// noRegistry stands where CUE's loader would go to its module registry.
type noRegistry struct{}

var errNoRegistry = errors.New("modules are not fetched: vendor the package under cue.mod/pkg")

func (noRegistry) ModFile(context.Context, module.Version) (*modfile.File, error) {
	return nil, errNoRegistry
}

func (noRegistry) Fetch(context.Context, module.Version) (module.SourceLoc, error) {
	return module.SourceLoc{}, errNoRegistry
}

func (noRegistry) ModuleVersions(context.Context, string) ([]string, error) {
	return nil, errNoRegistry
}
