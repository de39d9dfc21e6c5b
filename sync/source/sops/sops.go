// Package sops reads files that are encrypted with sops and age: YAML, JSON,
// dotenv and binary, told apart by their extension as sops itself does.
//
// The file is read through an [fs.FS], so that on a pull request the caller can
// give the tree of the base revision. It is opened with sops' own stores and
// tree, but never with its decrypt package, nor with its own key service: they
// ask every service that the file's metadata names, at the address that the
// metadata names, with the credentials found in the environment. Whoever can
// commit a file could have VAULT_TOKEN sent to a host of theirs. Here a key
// service of our own answers for age keys and no others; keys of other kinds
// are dropped from the file's metadata before anything is asked, so a file that
// has age keys and others is opened with age, and one that has no age key is
// refused, by the names of the kinds that it has. Key groups count only where
// age keys alone reach their threshold.
//
// An age identity is a key, never a program: no SOPS_AGE_KEY_CMD, no plugins,
// no ssh keys, no agent.
//
// The file's MAC is verified, and with it lastmodified, which is the one time
// of change that a file has. A reading's version is a digest of the encrypted
// file: any change to the file changes it, whichever value it was about.
//
// Importing sops brings in the clients of every key service that it knows, and
// its audit package reads /etc/sops/audit.yaml when the program starts. The
// clients are linked, not used.
package sops

import (
	"context"
	"io"
	"io/fs"
	"sync"

	"filippo.io/age"
	"github.com/getsops/sops/v3/logging"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// MaxFile is the size of the largest file that is read, in bytes. YAML and
// JSON are parsed as trees of nodes, each some hundred bytes.
const MaxFile = 4 << 20

// Options configure a source for one environment.
type Options struct {
	FS      fs.FS        // rooted at the repository's root
	Path    string       // the file of references that name none
	AgeKey  secret.Value // age identities, one a line or separated by spaces: the text of SOPS_AGE_KEY
	KeyFile string       // a file of age identities: the path in SOPS_AGE_KEY_FILE; "" where there is none
}

// A Source reads encrypted files. Its methods may be called from several
// goroutines.
type Source struct {
	fsys       fs.FS
	path       string
	identities func() ([]age.Identity, error)
}

// New gives a source. Nothing is read before the first Read: a missing or
// broken age key is the error of the readings that needed it.
func New(o Options) *Source {
	silence()
	return &Source{
		fsys: o.FS, path: o.Path,
		identities: sync.OnceValues(func() ([]age.Identity, error) { return identities(o.AgeKey, o.KeyFile) }),
	}
}

// silence keeps sops' loggers off standard error: they show comments of the
// file, decrypted.
func silence() {
	for _, logger := range logging.Loggers {
		logger.SetOutput(io.Discard)
	}
}

// Read gives the field of each reference: for a YAML or JSON file a key, or a
// path of keys joined by dots, the exact key first; for a dotenv file a
// variable. Field "" is the whole decrypted file. A binary file has no fields
// and is whole whatever the reference says. Each file is read and decrypted
// once.
//
// The errors are those of [store.ReadFile]; ErrInvalid for a reference that no
// file can answer; ErrUnauthentic where no age key was given, or none that
// opens the file; ErrUnreadable where the file is not encrypted, damaged, or
// encrypted for other kinds of keys; ErrNoField.
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
			Hint: "leave out version: the file as it is at this revision is read",
		}
	}
	format, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	data, err := store.ReadFile(s.fsys, path, MaxFile)
	if err != nil {
		return nil, err
	}
	doc, err := s.decrypt(path, format, data)
	if err != nil {
		return nil, err
	}
	return doc.lookup, nil
}
