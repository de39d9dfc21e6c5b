package sops_test

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"filippo.io/age"
	getsops "github.com/getsops/sops/v3"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/sops"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// repository is a tree of files that counts how often one is opened.
type repository struct {
	fstest.MapFS
	opened *atomic.Int32
}

func (r repository) Open(name string) (fs.File, error) {
	r.opened.Add(1)
	return r.MapFS.Open(name)
}

// branch makes sops' form of some fields.
func branch(fields map[string]any) getsops.TreeBranch {
	out := getsops.TreeBranch{}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		if inner, ok := value.(map[string]any); ok {
			value = branch(inner)
		}
		out = append(out, getsops.TreeItem{Key: name, Value: value})
	}
	return out
}

func (r repository) fill(t *testing.T, extension string, id *age.X25519Identity, secrets storetest.Secrets) {
	t.Helper()
	clear(r.MapFS)
	for path, fields := range secrets {
		rec := recipe{extension: extension, groups: []getsops.KeyGroup{ageGroup(t, id)}, tree: branch(fields)}
		if extension == "bin" {
			rec.tree = getsops.TreeBranch{{Key: "data", Value: fields[""]}}
		}
		r.MapFS[path] = &fstest.MapFile{Data: rec.encrypt(t)}
	}
}

func TestContract(t *testing.T) {
	for extension := range stores() {
		t.Run(extension, func(t *testing.T) { t.Parallel(); contract(t, extension) })
	}
}

func contract(t *testing.T, extension string) {
	id := identity(t)
	structured := extension != "bin"
	storetest.Source(t, storetest.SourceHarness{
		Paths: []string{"secrets.dev." + extension, "deep/er/secrets." + extension}, Missing: "none." + extension,
		Structured: structured, Nested: extension == "yaml" || extension == "json",
		Listing: true, Binary: true, Versioned: true, Dated: true,
		New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
			r := repository{fstest.MapFS{}, &atomic.Int32{}}
			r.fill(t, extension, id, secrets)
			open := func() store.Source {
				return sops.New(sops.Options{FS: r, AgeKey: secret.New([]byte(id.String()))})
			}
			return storetest.SourceFixture{
				Source: open(), Reopen: open,
				Reads:   func() int { return int(r.opened.Load()) },
				Replace: func(changed storetest.Secrets) { secrets = changed; r.fill(t, extension, id, changed) },
				Whole: func(path string) string {
					text, err := stores()[extension].EmitPlainFile(getsops.TreeBranches{branch(secrets[path])})
					if err != nil {
						t.Fatal(err)
					}
					return string(text)
				},
				Break: func(kind error) bool {
					switch {
					case errors.Is(kind, store.ErrUnauthentic):
						r.fill(t, extension, identity(t), secrets)
					case errors.Is(kind, store.ErrUnreadable):
						for _, file := range r.MapFS {
							file.Data = file.Data[:len(file.Data)*2/3]
						}
					default:
						return false
					}
					return true
				},
			}
		},
	})
}
