package storetest

import (
	"errors"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

// strangersWord: that a stranger on the way knows no such page is no word on a
// secret. What is optional and missing would be given up.
func strangersWord(t *testing.T, h SourceHarness) {
	f := h.New(t, h.hold("value"))
	if f.Stray == nil {
		t.Skip("nothing stands before this store")
	}
	f.Stray()
	for _, path := range []string{h.Paths[0], h.Missing} {
		got := readOne(t, f.Source, path, h.field("NAME"))
		if got.Err == nil || errors.Is(got.Err, store.ErrNotFound) || errors.Is(got.Err, store.ErrNoField) {
			t.Errorf("read %s: %v, want an error that is no word on the secret", path, got.Err)
		}
		if store.Hint(got.Err) == "" {
			t.Errorf("read %s: %v does not say what to do", path, got.Err)
		}
	}
}

// descriptions agree with readings as far as both say something, and hold no
// value.
func descriptions(t *testing.T, h SourceHarness) {
	f := h.New(t, h.hold("value"))
	describer, ok := f.Source.(store.Describer)
	if !ok {
		t.Skip("this source tells nothing without the value")
	}
	refs := []store.Reference{{Path: h.Missing, Field: h.field("NAME")}, {Path: h.Paths[0], Field: h.field("NAME")}, {Path: h.Paths[0], Field: "NOT_THERE"}}
	told := describer.Describe(t.Context(), refs)
	if len(told) != len(refs) {
		t.Fatalf("%d descriptions for %d references", len(told), len(refs))
	}
	if !h.Versioned && errors.Is(told[1].Err, store.ErrInvalid) {
		return // a store that keeps nothing besides values says so
	}
	wantFailed(t, "describe what is not there", told[0], store.ErrNotFound)
	read := readOne(t, f.Source, h.Paths[0], h.field("NAME"))
	for _, got := range told[1:] {
		switch {
		case got.Err != nil:
			t.Errorf("describe: %v", got.Err)
		case !got.Value.IsEmpty():
			t.Error("a description holds the value")
		case got.Version != read.Version:
			t.Errorf("described is version %q, read %q", got.Version, read.Version)
		case !read.Changed.IsZero() && !got.Changed.IsZero() && !got.Changed.Equal(read.Changed):
			t.Errorf("described is a change at %v, read one at %v", got.Changed, read.Changed)
		}
	}
}
