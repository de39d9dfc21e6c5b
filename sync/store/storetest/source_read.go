package storetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

func readingsInOrder(t *testing.T, h SourceHarness) {
	if got := h.New(t, h.hold("v")).Source.Read(t.Context(), nil); len(got) != 0 {
		t.Errorf("%d readings for no reference", len(got))
	}
	fields := map[string]any{"NAME": "one", "OTHER": "two", "THIRD": "three"}
	f := h.New(t, h.fields(h.Paths[0], fields))
	names := []string{"OTHER", "NAME", "NOT_THERE", "THIRD", "NAME"}
	if !h.Structured {
		names = []string{"NAME", "NAME"}
	}
	var refs []store.Reference
	for _, name := range names {
		refs = append(refs, store.Reference{Path: h.Paths[0], Field: h.field(name)})
	}
	readings := f.Source.Read(t.Context(), refs)
	if len(readings) != len(refs) {
		t.Fatalf("%d readings for %d references", len(readings), len(refs))
	}
	for i, name := range names {
		if name == "NOT_THERE" {
			wantKind(t, "read", readings[i].Err, store.ErrNoField)
			continue
		}
		wantValue(t, readings[i], fmt.Sprint(fields[name]))
	}
}

func oneReadEach(t *testing.T, h SourceHarness) {
	secrets := Secrets{}
	var refs []store.Reference
	for _, path := range h.Paths {
		secrets[path] = h.fields(path, map[string]any{"NAME": "of " + path, "OTHER": "other"})[path]
	}
	// Turn by turn, so that a source which remembers the last secret only is caught.
	for range 3 {
		for _, path := range h.Paths {
			refs = append(refs, store.Reference{Path: path, Field: h.field("NAME")}, store.Reference{Path: path, Field: h.field("NAME")})
		}
	}
	f := h.New(t, secrets)
	for i, reading := range f.Source.Read(t.Context(), refs) {
		wantValue(t, reading, "of "+refs[i].Path)
	}
	if f.Reads == nil {
		return
	}
	if got := f.Reads(); got != len(h.Paths) {
		t.Errorf("%d reads for references into %d secrets", got, len(h.Paths))
	}
}

func sourceValues(t *testing.T, h SourceHarness) {
	values := []string{
		"x", " surrounded ", "trailing newline\n", "two\nlines", "-----BEGIN X-----\nAAAA\nBBBB\n-----END X-----\n",
		"carriage\r\nreturn", `"quoted" 'twice'`, `back\slash\n`, "${HOME} $(id) `id`", "# not a comment", "a=b=c",
		"ключ 🔑", `{"json":[1,2]}`, "tab\there", "%25+/&?", "true", "007", "1e3", "null", "~", strings.Repeat("long ", 8000),
	}
	if h.Binary {
		values = append(values, "\xff\xfe\x80 not UTF-8", "NUL \x00 inside", "\x00")
	}
	for _, value := range values {
		f := h.New(t, h.hold(value))
		wantValue(t, readOne(t, f.Source, h.Paths[0], h.field("NAME")), value)
	}
}

func emptyValues(t *testing.T, h SourceHarness) {
	f := h.New(t, h.hold(""))
	got := readOne(t, f.Source, h.Paths[0], h.field("NAME"))
	wantValue(t, got, "")
	if !got.Value.IsEmpty() {
		t.Error("an empty value is not empty")
	}
}

func nestedFields(t *testing.T, h SourceHarness) {
	if !h.Nested {
		t.Skip("fields do not nest here")
	}
	f := h.New(t, Secrets{h.Paths[0]: {
		"a":   map[string]any{"b": "nested", "c": map[string]any{"d": "deep"}, "e.f": "dotted"},
		"a.b": "exact",
		"g":   "flat",
	}})
	for field, want := range map[string]string{"a.b": "exact", "a.c.d": "deep", "a.e.f": "dotted", "g": "flat"} {
		wantValue(t, readOne(t, f.Source, h.Paths[0], field), want)
	}
	for _, field := range []string{"b", "a.x", "g.h", "a.c.d.e", ".", "a.", ".a"} {
		wantKind(t, "read "+field, readOne(t, f.Source, h.Paths[0], field).Err, store.ErrNoField)
	}
}

func wholeSecret(t *testing.T, h SourceHarness) {
	f := h.New(t, h.fields(h.Paths[0], map[string]any{"NAME": "a value", "OTHER": "another"}))
	got := readOne(t, f.Source, h.Paths[0], "")
	switch {
	case !h.Structured:
		wantValue(t, got, "a value")
	case f.Whole == nil:
		wantKind(t, "read the whole", got.Err, store.ErrInvalid)
	default:
		wantValue(t, got, f.Whole(h.Paths[0]))
	}
}

// versionsTell: a version tells a change, to the next run, too, and nothing
// else about the value.
func versionsTell(t *testing.T, h SourceHarness) {
	canary := Canaries()[0]
	f := h.New(t, h.hold(canary.Value))
	read := func(s store.Source) string {
		t.Helper()
		got := readOne(t, s, h.Paths[0], h.field("NAME"))
		if got.Err != nil || (got.Version != "") != h.Versioned {
			t.Fatalf("version %q, %v; versioned: %v", got.Version, got.Err, h.Versioned)
		}
		return got.Version
	}
	first := read(f.Source)
	if again := read(f.Source); again != first {
		t.Errorf("an unchanged secret has version %q, then %q", first, again)
	}
	if next := read(f.Reopen()); next != first {
		t.Errorf("an unchanged secret has version %q, in the next run %q", first, next)
	}
	shown := []Canary{canary}
	if h.Structured && f.Whole != nil {
		shown = append(shown, Canary{"whole", f.Whole(h.Paths[0])})
	}
	for _, c := range shown {
		if c.In(first) {
			t.Errorf("the version is made of the value (%s)", c.Name)
		}
	}
	f.Replace(h.hold("changed"))
	if changed := read(f.Reopen()); h.Versioned && changed == first {
		t.Error("a changed secret keeps its version")
	}
}

func datesTold(t *testing.T, h SourceHarness) {
	f := h.New(t, h.hold("value"))
	got := readOne(t, f.Source, h.Paths[0], h.field("NAME"))
	if got.Changed.IsZero() == h.Dated {
		t.Errorf("changed at %v; dated: %v", got.Changed, h.Dated)
	}
	if got.Changed.After(time.Now().Add(time.Hour)) {
		t.Errorf("changed in the future: %v", got.Changed)
	}
}

func readsAtOnce(t *testing.T, h SourceHarness) {
	f := h.New(t, h.hold("value"))
	refs := []store.Reference{{Path: h.Paths[0], Field: h.field("NAME")}}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got := f.Source.Read(t.Context(), refs); len(got) != 1 || got[0].Err != nil || string(got[0].Value.Reveal()) != "value" {
				t.Errorf("%d readings, wrong", len(got))
			}
		})
	}
	group.Wait()
}
