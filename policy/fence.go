package policy

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// maxFile bounds one file of a policy, in bytes.
const maxFile = 8 << 20

// A fence is all that a policy can see of the world: the regular .cue files of
// one tree. It remembers what was read, for the policy's digest.
//
// CUE's own loader is not used. Its default goes to a module registry, asks the
// host's file system for cue.mod up to the root, and reads environment
// variables; told to keep to an fs.FS, it cannot find vendored packages. Here a
// file is parsed because this package read it, and for no other reason.
//
// Links are followed by the tree below it, which must not let them leave
// (os.Root does not).
type fence struct {
	tree fs.FS
	read map[string][]byte
}

func newFence(tree fs.FS) *fence { return &fence{tree: tree, read: map[string][]byte{}} }

var errNotPolicy = errors.New("no regular .cue file")

// content reads a file, once. A named pipe would never end, so a file is looked
// at before it is opened.
func (f *fence) content(name string) ([]byte, error) {
	if data, ok := f.read[name]; ok {
		return data, nil
	}
	info, err := fs.Stat(f.tree, name)
	if err != nil {
		return nil, err
	}
	if path.Ext(name) != ".cue" || !info.Mode().IsRegular() {
		return nil, errNotPolicy
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	data, err := fs.ReadFile(f.tree, name)
	if err != nil {
		return nil, err
	}
	f.read[name] = data
	return data, nil
}

// folder gives the files of a folder that CUE itself would take for a package;
// none where there is no such folder.
func (f *fence) folder(name string) []string {
	entries, err := fs.ReadDir(f.tree, name)
	if err != nil {
		return nil
	}
	var files []string
	for _, entry := range entries {
		if inPackage(entry) {
			files = append(files, path.Join(name, entry.Name()))
		}
	}
	return files
}

// digest is over the names and contents of files that were read, each with its
// length, so that no two sets of files read alike.
func (f *fence) digest(files []string) (sum [32]byte) {
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
