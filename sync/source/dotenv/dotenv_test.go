package dotenv_test

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/keyplumb/keyplumb/sync/envfile"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/dotenv"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// files is a repository that counts how often a file is opened.
type files struct {
	fstest.MapFS
	opened *atomic.Int32
}

func (f files) Open(name string) (fs.File, error) {
	f.opened.Add(1)
	return f.MapFS.Open(name)
}

func (f files) fill(t *testing.T, secrets storetest.Secrets) {
	t.Helper()
	clear(f.MapFS)
	for path, fields := range secrets {
		var text strings.Builder
		text.WriteString("# a comment\n")
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			line, ok := envfile.Quote(name, fields[name].(string))
			if !ok {
				t.Fatalf("%s cannot be written", name)
			}
			text.WriteString(line + "\n")
		}
		f.MapFS[path] = &fstest.MapFile{Data: []byte(text.String())}
	}
}

func TestContract(t *testing.T) {
	key := secret.NewKey()
	storetest.Source(t, storetest.SourceHarness{
		Paths: []string{".env.dev", "apps/web/.env"}, Missing: ".env.none",
		Structured: true, Listing: true, Versioned: true,
		New: func(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
			f := files{fstest.MapFS{}, &atomic.Int32{}}
			f.fill(t, secrets)
			open := func() store.Source { return dotenv.New(dotenv.Options{FS: f, Key: key}) }
			return storetest.SourceFixture{
				Source: open(), Reopen: open,
				Reads:   func() int { return int(f.opened.Load()) },
				Replace: func(secrets storetest.Secrets) { f.fill(t, secrets) },
				Whole:   func(path string) string { return string(f.MapFS[path].Data) },
				Break: func(kind error) bool {
					for _, file := range f.MapFS {
						switch {
						case errors.Is(kind, store.ErrUnreadable):
							file.Data = append(file.Data, "\n'and something else\n"...)
						default:
							return false
						}
					}
					return true
				},
			}
		},
	})
}

func readOne(t *testing.T, s store.Source, ref store.Reference) store.Reading {
	t.Helper()
	readings := s.Read(t.Context(), []store.Reference{ref})
	if len(readings) != 1 {
		t.Fatalf("%d readings for one reference", len(readings))
	}
	return readings[0]
}

func TestVersionNeedsTheKey(t *testing.T) {
	repository := fstest.MapFS{".env": {Data: []byte("NAME=value\n")}}
	version := func(key secret.Key) string {
		return readOne(t, dotenv.New(dotenv.Options{FS: repository, Path: ".env", Key: key}), store.Reference{Field: "NAME"}).Version
	}
	key := secret.NewKey()
	if first, again := version(key), version(key); first != again {
		t.Error("one key gives two versions")
	}
	if version(key) == version(secret.NewKey()) {
		t.Error("two keys give one version")
	}
	if first, again := version(secret.Key{}), version(secret.Key{}); first == again {
		t.Error("without a key two readings have one version")
	}
}

func TestBadFiles(t *testing.T) {
	repository := fstest.MapFS{
		"bad":  {Data: []byte("A=b\nsk-canary-value and more\n")},
		"open": {Data: []byte("A='canary\n")},
		"big":  {Data: []byte("A=" + strings.Repeat("x", envfile.MaxSize))},
		"dir":  {Mode: fs.ModeDir | 0o755},
		"ok":   {Data: []byte("A=b\n")},
	}
	for _, test := range []struct {
		ref  store.Reference
		kind error
		says string
	}{
		{store.Reference{Path: "bad", Field: "A"}, store.ErrUnreadable, "bad:2"},
		{store.Reference{Path: "open", Field: "A"}, store.ErrUnreadable, "open:1"},
		{store.Reference{Path: "big", Field: "A"}, store.ErrTooLarge, "big"},
		{store.Reference{Path: "dir", Field: "A"}, store.ErrUnreadable, "regular"},
		{store.Reference{Path: "../ok", Field: "A"}, store.ErrInvalid, "inside the repository"},
		{store.Reference{Path: "/ok", Field: "A"}, store.ErrInvalid, "inside the repository"},
		{store.Reference{Path: "none", Field: "A"}, store.ErrNotFound, "no such file"},
		{store.Reference{Path: "ok", Field: "A", Version: "1"}, store.ErrInvalid, "no versions"},
	} {
		got := readOne(t, dotenv.New(dotenv.Options{FS: repository}), test.ref)
		if !errors.Is(got.Err, test.kind) || !strings.Contains(got.Err.Error(), test.says) || strings.Contains(got.Err.Error(), "canary") {
			t.Errorf("%v: %v, want %v, saying %q", test.ref, got.Err, test.kind, test.says)
		}
	}
}
