package storetest

import (
	"maps"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

// Secrets is what a store is asked to hold: for each path its fields, each a
// string or, where fields nest, a map[string]any of the same. A secret of a
// store without fields has the one field "".
type Secrets map[string]map[string]any

// A SourceHarness is what a kind of source says of itself, and how the suite
// gets one to try.
type SourceHarness struct {
	// New gives a source over a store that holds just these secrets.
	New func(t *testing.T, secrets Secrets) SourceFixture

	Paths      []string // where a secret can be: two, or one where a source has no more, as "" for the environment
	Missing    string   // where nothing is; "" where there is no such path
	Structured bool     // secrets have fields; else each is one value
	Nested     bool     // fields can hold fields
	Listing    bool     // a field that is not there is told with the names of those that are
	Binary     bool     // values may be any bytes; else they are UTF-8 without NUL
	Versioned  bool     // readings have versions
	Dated      bool     // readings say when they changed
}

// A SourceFixture is one source and the way behind its back into its store.
type SourceFixture struct {
	Source store.Source

	// Reopen gives another source over the same store, as the next run would.
	Reopen func() store.Source

	// Reads counts how often the store was asked for a secret; nil where asking
	// is free.
	Reads func() int

	// Replace makes the store hold other secrets.
	Replace func(secrets Secrets)

	// Whole tells what a structured secret is as one value; nil where a source
	// has no such thing.
	Whole func(path string) string

	// Break makes the store fail from now on in the way that a source reports
	// as the given error: one of store.ErrDenied, ErrUnauthentic,
	// ErrUnavailable, ErrUnreadable. It tells whether the store can fail so;
	// nil where it never fails. Its answers should echo what it holds.
	Break func(kind error) bool

	// Stray has something else answer in the store's place from now on, that
	// there is no such page: a proxy, a gateway. nil where nothing stands
	// before the store.
	Stray func()
}

// Source runs the contract that every [store.Source] signs.
func Source(t *testing.T, h SourceHarness) {
	t.Helper()
	for _, part := range []struct {
		name string
		run  func(*testing.T, SourceHarness)
	}{
		{"one reading for each reference", readingsInOrder},
		{"one read for each secret", oneReadEach},
		{"values arrive byte for byte", sourceValues},
		{"an empty value is no error", emptyValues},
		{"a secret that is not there", missingSecret},
		{"a field that is not there", missingField},
		{"nested fields", nestedFields},
		{"the whole secret", wholeSecret},
		{"versions", versionsTell},
		{"times of change", datesTold},
		{"source failures are told apart", sourceFailures},
		{"a stranger's word", strangersWord},
		{"descriptions", descriptions},
		{"nothing shows a value", sourceShowsNothing},
		{"a source and a context that is done", sourceContext},
		{"reads at once", readsAtOnce},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, h) })
	}
}

// hold gives secrets that hold one value each, at the first paths; the field
// of each is what field gives.
func (h SourceHarness) hold(values ...string) Secrets {
	out := Secrets{}
	for i, value := range values {
		out[h.Paths[i]] = map[string]any{h.field("NAME"): value}
	}
	return out
}

// field gives a field's name as the store has it: "" where secrets have none.
func (h SourceHarness) field(name string) string {
	if h.Structured {
		return name
	}
	return ""
}

// fields gives a secret of several fields; in a store without, the first alone.
func (h SourceHarness) fields(path string, fields map[string]any) Secrets {
	if h.Structured {
		return Secrets{path: maps.Clone(fields)}
	}
	return Secrets{path: {"": fields["NAME"]}}
}

// readOne reads one reference.
func readOne(t *testing.T, s store.Source, path, field string) store.Reading {
	t.Helper()
	readings := s.Read(t.Context(), []store.Reference{{Path: path, Field: field}})
	if len(readings) != 1 {
		t.Fatalf("%d readings for one reference", len(readings))
	}
	return readings[0]
}

func wantValue(t *testing.T, got store.Reading, want string) {
	t.Helper()
	if got.Err != nil {
		t.Errorf("read: %v", got.Err)
		return
	}
	if string(got.Value.Reveal()) != want {
		t.Errorf("read %q, want %q", got.Value.Reveal(), want)
	}
}
