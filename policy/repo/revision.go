package repo

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBlob is the size of the largest file that is read from a revision.
const maxBlob = 32 << 20

var revisionName = regexp.MustCompile(`^[0-9a-fA-F]{7,64}$`)

// At gives the tree of a commit as a file system: what the repository held at
// that revision, whatever the work tree holds. Files are read when they are
// opened; links and submodules cannot be. The error is ErrNoRevision for a
// commit that is not there, as in a shallow clone.
func (r *Repo) At(ctx context.Context, revision string) (fs.FS, error) {
	if !revisionName.MatchString(revision) {
		return nil, fmt.Errorf("%w: not a commit's id", ErrNoRevision)
	}
	out, err := r.run(ctx, nil, "ls-tree", "-r", "-z", "-l", "--full-tree", revision+"^{commit}")
	if err != nil {
		if exitStatus(err) > 0 {
			return nil, fmt.Errorf("%w: %s", ErrNoRevision, revision)
		}
		return nil, err
	}
	t := &revisionFS{repo: r, ctx: ctx, files: map[string]*node{".": {name: ".", dir: true}}}
	for _, line := range split(out) {
		t.add(line)
	}
	return t, nil
}

// revisionFS is the tree of one commit.
type revisionFS struct {
	repo  *Repo
	ctx   context.Context //nolint:containedctx // fs.FS has no way to pass one
	files map[string]*node
}

// A node is a file or a folder of a tree. It is its own fs.FileInfo and
// fs.DirEntry.
type node struct {
	name     string
	dir      bool
	link     bool // a link or a submodule
	object   string
	size     int64
	children []string
}

// add enters a line of ls-tree: MODE SP TYPE SP OBJECT SP SIZE TAB PATH.
func (t *revisionFS) add(line string) {
	head, name, ok := strings.Cut(line, "\t")
	fields := strings.Fields(head)
	if !ok || len(fields) != 4 || !fs.ValidPath(name) {
		return
	}
	size, _ := strconv.ParseInt(fields[3], 10, 64)
	t.files[name] = &node{name: path.Base(name), object: fields[2], size: size, link: fields[0] != "100644" && fields[0] != "100755"}
	for child := name; child != "."; {
		parent := path.Dir(child)
		p, known := t.files[parent]
		if !known {
			p = &node{name: path.Base(parent), dir: true}
			t.files[parent] = p
		}
		p.children = append(p.children, child)
		if known {
			return // and entered in its own parent, then
		}
		child = parent
	}
}

// Open opens a file, which is read then and there, or a folder.
func (t *revisionFS) Open(name string) (fs.File, error) {
	fail := func(err error) error { return &fs.PathError{Op: "open", Path: name, Err: err} }
	n := t.files[name]
	switch {
	case !fs.ValidPath(name):
		return nil, fail(fs.ErrInvalid)
	case n == nil:
		return nil, fail(fs.ErrNotExist)
	case n.dir:
		return &openDir{node: n, entries: t.entries(n)}, nil
	case n.link || n.size > maxBlob:
		return nil, fail(fs.ErrPermission)
	}
	content, err := t.repo.run(t.ctx, nil, "cat-file", "blob", n.object)
	if err != nil {
		return nil, fail(err)
	}
	return &openFile{node: n, reader: strings.NewReader(string(content))}, nil
}

func (t *revisionFS) entries(n *node) []fs.DirEntry {
	out := make([]fs.DirEntry, 0, len(n.children))
	for _, child := range n.children {
		out = append(out, t.files[child])
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return out
}

func (n *node) Name() string               { return n.name }
func (n *node) Size() int64                { return n.size }
func (n *node) ModTime() time.Time         { return time.Time{} }
func (n *node) IsDir() bool                { return n.dir }
func (n *node) Sys() any                   { return nil }
func (n *node) Type() fs.FileMode          { return n.Mode().Type() }
func (n *node) Info() (fs.FileInfo, error) { return n, nil }

func (n *node) Mode() fs.FileMode {
	switch {
	case n.dir:
		return fs.ModeDir | 0o555
	case n.link:
		return fs.ModeSymlink | 0o444
	default:
		return 0o444
	}
}
