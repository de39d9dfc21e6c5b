// Package dotenv reads dotenv files: plain text, so for secrets that a
// developer's machine may hold.
//
// Nothing in the file is expanded, a value with a dollar sign arrives byte for
// byte; see package envfile for what counts as a value. The names of a file
// are its fields, and field "" is the file itself.
//
// A reading's version tells whether the file changed. It is a keyed MAC of the
// file: a plain hash of a file that holds one short secret would be an oracle
// for it. Under a key that is derived from the ledger key it stays the same
// from run to run.
package dotenv

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/keyplumb/keyplumb/sync/envfile"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Options configure a source for one environment.
type Options struct {
	FS   fs.FS      // rooted at the repository's root
	Path string     // the file of references that name none
	Key  secret.Key // the ledger key, from which the key of versions is derived; zero for an ephemeral one
}

// A Source reads dotenv files. Its methods may be called from several
// goroutines.
type Source struct {
	fsys fs.FS
	path string
	key  secret.Key
}

// New gives a source. Without a key its versions mean nothing to any other.
func New(o Options) *Source {
	if o.Key.IsZero() {
		o.Key = secret.NewKey()
	}
	return &Source{fsys: o.FS, path: o.Path, key: o.Key.Derive("dotenv file version")}
}

// Read gives the variable that each reference names, or the whole file for
// field "". Each file is read once.
//
// The errors are those of [store.ReadFile]; ErrInvalid for a reference that
// asks for a version; ErrUnreadable for a malformed file; ErrNoField.
func (s *Source) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	return store.ReadByPath(ctx, refs, s.open)
}

func (s *Source) open(path, version string) (store.Lookup, error) {
	if path == "" {
		path = s.path
	}
	if version != "" {
		return nil, &store.Error{
			Op: "read", Ref: path, Kind: store.ErrInvalid, Detail: "a file has no versions to choose from",
			Hint: "leave out version: the file as it is is read",
		}
	}
	data, err := store.ReadFile(s.fsys, path, envfile.MaxSize)
	if err != nil {
		return nil, err
	}
	file, err := envfile.Parse(data)
	if syntax, ok := errors.AsType[*envfile.SyntaxError](err); ok {
		return nil, &store.Error{
			Op: "read", Ref: fmt.Sprintf("%s:%d", path, syntax.Line), Kind: store.ErrUnreadable, Detail: syntax.Detail,
			Hint: "write NAME='value', one variable a line; a value of several lines needs quotes around it",
		}
	}
	mac := s.key.MAC(data)
	whole := store.Reading{Value: secret.New(data), Version: hex.EncodeToString(mac[:16])}
	return func(field string) store.Reading { return lookup(path, file, whole, field) }, nil
}

func lookup(path string, file *envfile.File, whole store.Reading, field string) store.Reading {
	if field == "" {
		return whole
	}
	value, found := file.Value(field)
	if !found {
		return store.Reading{Err: &store.Error{
			Op: "read", Ref: path, Kind: store.ErrNoField, Detail: field, Fields: slices.Sorted(slices.Values(file.Names())),
		}}
	}
	return store.Reading{Value: secret.New([]byte(value)), Version: whole.Version}
}
