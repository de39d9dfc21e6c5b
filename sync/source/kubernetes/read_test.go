package kubernetes_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

func TestFields(t *testing.T) {
	s := newServer(t)
	s.Put("dev", "api", emulator.Secret{Type: "kubernetes.io/dockerconfigjson", Data: map[string][]byte{
		".dockerconfigjson": []byte(`{"auths":{"registry.example":{"auth":"eDp5"}},"n":3.10}`), "binary": []byte("\xff\x00"), "a.b": []byte("exact"), "a": []byte(`{"b":"inner","c":null}`),
		"list": []byte(`[1]`), "half": []byte(`{"x":`),
	}})
	s.Put("dev", "text", emulator.Secret{Data: emulator.Texts(map[string]string{"b": "<two>", "a": "one"})})
	s.Put("dev", "bare", emulator.Secret{})
	source := open(t, s.options())
	for _, w := range []wanted{
		{ref: store.Reference{Path: "api", Field: ".dockerconfigjson.auths.registry.example.auth"}, value: "eDp5"},
		{ref: store.Reference{Path: "api", Field: ".dockerconfigjson.n"}, value: "3.10"},
		{ref: store.Reference{Path: "api", Field: ".dockerconfigjson.auths"}, value: `{"registry.example":{"auth":"eDp5"}}`},
		{ref: store.Reference{Path: "dev/api", Field: "binary"}, value: "\xff\x00"},
		{ref: store.Reference{Path: "/dev/api/", Field: "a.b"}, value: "exact"},
		{ref: store.Reference{Path: "api", Field: "a.c"}},
		{ref: store.Reference{Path: "api"}, kind: store.ErrInvalid, says: `binary is no text (UTF-8) name the key: field: "binary"`},
		{ref: store.Reference{Path: "text"}, value: `{"a":"one","b":"<two>"}`},
		{ref: store.Reference{Path: "bare"}, value: `{}`},
		{ref: store.Reference{Path: "bare", Field: "a"}, kind: store.ErrNoField},
		{ref: store.Reference{Path: "api", Field: "list.0"}, kind: store.ErrNoField},
		{ref: store.Reference{Path: "api", Field: "half.x"}, kind: store.ErrNoField},
		{ref: store.Reference{Path: "api", Field: "KEY", Version: "1"}, kind: store.ErrInvalid, says: "keeps no versions"},
		{ref: store.Reference{Path: "none", Field: "KEY"}, kind: store.ErrNotFound, says: "the namespace dev has no such secret"},
		{ref: store.Reference{Path: "", Field: "KEY"}, kind: store.ErrInvalid, says: "no path of a secret"},
		{ref: store.Reference{Path: "dev/api/more", Field: "KEY"}, kind: store.ErrInvalid, says: "no path of a secret"},
		{ref: store.Reference{Path: "../api", Field: "KEY"}, kind: store.ErrInvalid, says: "no path of a secret"},
		{ref: store.Reference{Path: "dev/..", Field: "KEY"}, kind: store.ErrInvalid, says: "no path of a secret"},
		{ref: store.Reference{Path: "dev/API", Field: "KEY"}, kind: store.ErrInvalid, says: "lower-case"},
		{ref: store.Reference{Path: "dev/a?b", Field: "KEY"}, kind: store.ErrInvalid, says: "no path of a secret"},
	} {
		w.check(t, source)
	}
	o := s.options()
	o.Namespace = ""
	wanted{ref: store.Reference{Path: "api", Field: "a"}, kind: store.ErrInvalid, says: "no namespace is named"}.check(t, open(t, o))
}

// TestNamesOfKeysAlone: what is inside a value is not told, not even its names.
func TestNamesOfKeysAlone(t *testing.T) {
	s := newServer(t)
	s.hold(t, "api", map[string]any{"json": map[string]any{"inner": "x"}, "KEY": "v"})
	got := readOne(t.Context(), t, open(t, s.options()), store.Reference{Path: "api", Field: "none"})
	if e, ok := errors.AsType[*store.Error](got.Err); !ok || !slices.Equal(e.Fields, []string{"KEY", "json"}) {
		t.Errorf("%v", got.Err)
	}
}

// TestAbout: what is known of a secret, read and described.
func TestAbout(t *testing.T) {
	s := newServer(t)
	source := open(t, s.options())
	refs := []store.Reference{{Path: "api", Field: "KEY"}}
	noon := s.Clock().Now()
	var versions []string
	for _, step := range []struct {
		write   emulator.Secret
		changed time.Duration // after noon
		owner   string
	}{
		{emulator.Secret{Data: emulator.Texts(map[string]string{"KEY": "one"})}, 0, ""},
		{emulator.Secret{Data: emulator.Texts(map[string]string{"KEY": "one"}), Labels: map[string]string{"owner": "of-a-label", "app.kubernetes.io/managed-by": "Helm"}, Manager: "labels"}, 0, "of-a-label"},
		{emulator.Secret{Data: emulator.Texts(map[string]string{"KEY": "two"}), Labels: map[string]string{"owner": "of-a-label"}, Annotations: map[string]string{"owner": "Payments team"}}, 2 * time.Hour, "Payments team"},
		{emulator.Secret{Data: emulator.Texts(map[string]string{"KEY": "two", "MORE": "x"}), Annotations: map[string]string{"owner": "two\nrows"}, Manager: "second"}, 3 * time.Hour, "two\nrows"}, // what of that can be shown is not for the source to say
	} {
		s.Put("dev", "api", step.write)
		read, described := source.Read(t.Context(), refs)[0], source.Describe(t.Context(), refs)[0]
		if want := noon.Add(step.changed); read.Err != nil || !read.Changed.Equal(want) || read.Owner != step.owner {
			t.Errorf("%v, changed at %v by %q; want %v, %q", read.Err, read.Changed, read.Owner, want, step.owner)
		}
		if described.Err != nil || !described.Value.IsEmpty() || described.Version != read.Version || described.Changed != read.Changed || described.Owner != read.Owner {
			t.Errorf("described as %+v, read as %+v", described, read)
		}
		if slices.Contains(versions, read.Version) {
			t.Errorf("version %q again", read.Version)
		}
		versions = append(versions, read.Version)
		s.Clock().Advance(time.Hour)
	}
	for kind, ref := range map[error]store.Reference{store.ErrNotFound: {Path: "none"}, store.ErrDenied: {Path: "other/api"}, store.ErrInvalid: {Path: "api", Version: "1"}} {
		if got := source.Describe(t.Context(), []store.Reference{ref})[0]; !errors.Is(got.Err, kind) {
			t.Errorf("%v: %v", ref, got.Err)
		}
	}
}

var _ store.Describer = (*kubernetes.Source)(nil)
