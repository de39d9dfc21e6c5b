// Package dotenv writes secrets into .env files on a developer's machine.
//
// That is plain text on a disk, so the target is bounded on every side: a file
// whose base name begins with .env, inside the repository, ignored by git, no
// link, mode 0600; never in CI, and for production only where the user allows
// it. A refusal is an error before anything is written.
//
// A scope is a file, "file:<path>" with the path relative to the repository's
// root. The file belongs to its user: comments, order and foreign variables
// stay as they are. keyplumb's own marks are comments at its end, the ledger's
// shards. A file has one namespace, and tells secrets from plain variables in
// no way: all of it counts as secrets.
//
// A file is replaced as a whole: written beside the old one, synced, renamed.
// Whoever reads it sees the old one or the new one, and a crash leaves the old
// one and a temporary file, no more open to others than the file itself, that
// the next run removes. Values can be read back,
// so there is no clock to keep: items have no time of update. No request is
// made, so there is nothing to count.
package dotenv

import (
	"context"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/envfile"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// MaxValue is the longest value that is written, in bytes: more than any CI
// system takes, and half of what Linux takes for a variable of a process.
const MaxValue = 64 << 10

// Options configure a target.
type Options struct {
	Root *os.Root // the repository's root

	// IsIgnored tells whether git ignores a path, relative to the root.
	IsIgnored func(path string) (bool, error)

	InCI           bool // this is a CI job
	Production     bool // production secrets are placed here
	AllowPlaintext bool // the user allows production secrets in plain text
}

// A Target writes .env files. Its methods may be called from several
// goroutines.
type Target struct {
	options Options

	mu      sync.Mutex
	ignored map[string]bool // paths that git is known to ignore
	cleaned map[string]bool // paths beside which no temporary file is left over
}

// New gives a target.
func New(o Options) *Target {
	return &Target{options: o, ignored: map[string]bool{}, cleaned: map[string]bool{}}
}

// Identity is the same for every repository: a scope's path says the rest, and
// a copy of a repository may keep its ledger. The error is ErrDenied where
// secrets may not be in plain text.
func (t *Target) Identity(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return "dotenv", t.allowed()
}

// Canonical gives the name itself: variables differ by case.
func (t *Target) Canonical(name string) string { return name }

// Check tells whether dotenv parsers can read the value back: see
// [envfile.Quote].
func (t *Target) Check(p store.Placement) error {
	fail := func(kind error, detail, hint string) error {
		return &store.Error{Op: "write", Ref: p.Name, Kind: kind, Detail: detail, Hint: hint}
	}
	if !isName(p.Name) {
		return &store.Error{Op: "write", Kind: store.ErrInvalid, Detail: "a variable's name is made of letters, digits and underscores, and begins with no digit"}
	}
	if p.Value.Len() > MaxValue {
		return fail(store.ErrTooLarge, "the value is longer than 64 KiB", "keep it in a file of its own")
	}
	if _, ok := envfile.Quote(p.Name, string(p.Value.Reveal())); !ok {
		return fail(store.ErrInvalid, "no way of quoting that dotenv parsers agree on can carry the value: it holds a NUL, or mixes quotes, line breaks, dollar signs and a backslash or quote at its end", "encode the value, in base64 for instance")
	}
	return nil
}

func isName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// Kinds is one: a plain variable is written as a secret is.
func (t *Target) Kinds() []store.Kind { return []store.Kind{store.Secret} }

// List gives the file's variables, all readable. A file that is not there is
// empty.
func (t *Target) List(ctx context.Context, scope store.Scope, kinds []store.Kind) (store.Listing, error) {
	file, err := t.read(ctx, "list variables", scope)
	if err != nil {
		return store.Listing{}, err
	}
	var listing store.Listing
	if !slices.Contains(kinds, store.Secret) {
		return listing, nil
	}
	for _, name := range file.Names() {
		value, _ := file.Value(name)
		listing.Items = append(listing.Items, store.Item{
			Kind: store.Secret, Name: name, Value: secret.New([]byte(value)), Readable: true,
		})
	}
	return listing, nil
}

// Put writes one variable.
func (t *Target) Put(ctx context.Context, p store.Placement) (time.Time, error) {
	if err := t.Check(p); err != nil {
		return time.Time{}, err
	}
	return time.Time{}, t.edit(ctx, "write "+p.Name, p.Scope, func(file *envfile.File) error {
		// Where it stands a value may read otherwise than alone: then it is
		// refused, and the file stays as it was.
		if !file.Set(p.Name, string(p.Value.Reveal())) {
			return &store.Error{Op: "write", Ref: p.Name, Kind: store.ErrInvalid, Detail: "the value cannot be written in its place in the file"}
		}
		return nil
	})
}

// Delete removes one variable.
func (t *Target) Delete(ctx context.Context, scope store.Scope, _ store.Kind, name string) error {
	return t.edit(ctx, "delete "+name, scope, func(file *envfile.File) error {
		file.Delete(name)
		return nil
	})
}
