package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// eachKind runs a part once for each kind, over a fixture of its own.
func eachKind(t *testing.T, h TargetHarness, run func(*testing.T, TargetFixture, store.Kind)) {
	t.Helper()
	if len(h.Kinds) == 0 {
		t.Fatal("the harness names no kind")
	}
	for _, kind := range h.Kinds {
		t.Run(string(kind), func(t *testing.T) { run(t, h.New(t), kind) })
	}
}

// placement gives a placement that every target accepts.
func (h TargetHarness) placement(scope store.Scope, kind store.Kind, name, value string) store.Placement {
	return store.Placement{
		Scope: scope, Kind: kind, Name: name,
		Value: secret.New([]byte(value)), Attributes: h.Attributes,
	}
}

// put prepares and writes, and fails the test where either does.
func (h TargetHarness) put(t *testing.T, f TargetFixture, p store.Placement) {
	t.Helper()
	if err := f.Target.Check(p); err != nil {
		t.Fatalf("check %s: %v", p.Name, err)
	}
	if err := f.Target.Prepare(t.Context(), p.Scope); err != nil {
		t.Fatalf("prepare %s: %v", p.Scope, err)
	}
	if _, err := f.Target.Put(t.Context(), p); err != nil {
		t.Fatalf("put %s: %v", p.Name, err)
	}
}

// names lists one kind and gives the canonical names, sorted.
func names(t *testing.T, f TargetFixture, scope store.Scope, kinds ...store.Kind) []string {
	t.Helper()
	listing, err := f.Target.List(t.Context(), scope, kinds)
	if err != nil {
		t.Fatalf("list %s: %v", scope, err)
	}
	var out []string
	for _, item := range listing.Items {
		if !slices.Contains(kinds, item.Kind) {
			t.Errorf("listing %v gave %s of kind %q", kinds, item.Name, item.Kind)
		}
		out = append(out, f.Target.Canonical(item.Name))
	}
	slices.Sort(out)
	return out
}

func wantNames(t *testing.T, f TargetFixture, scope store.Scope, kind store.Kind, want ...string) {
	t.Helper()
	for i, name := range want {
		want[i] = f.Target.Canonical(name)
	}
	slices.Sort(want)
	if got := names(t, f, scope, kind); !slices.Equal(got, want) {
		t.Errorf("%s of %s: got %d names %v, want %d %v", kind, scope, len(got), got, len(want), want)
	}
}

func identityIsStable(t *testing.T, h TargetHarness) {
	f := h.New(t)
	first, err := f.Target.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := f.Target.Identity(t.Context())
	if err != nil || first != second || first == "" {
		t.Errorf("identity %q, then %q, %v: want one that stays", first, second, err)
	}
}

func canonicalNames(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		canonical := f.Target.Canonical
		if got := canonical(canonical("Mixed_Case")); got != canonical("Mixed_Case") {
			t.Errorf("the canonical form of a canonical form differs: %q", got)
		}
		if apart := canonical("NAME") != canonical("name"); apart != h.CaseSensitive {
			t.Errorf("NAME and name are apart: %v, want %v", apart, h.CaseSensitive)
		}
		h.put(t, f, h.placement(f.Scope, kind, "NAME", "first"))
		h.put(t, f, h.placement(f.Scope, kind, "name", "second"))
		if h.CaseSensitive {
			wantNames(t, f, f.Scope, kind, "NAME", "name")
		} else {
			wantNames(t, f, f.Scope, kind, "NAME")
		}
	})
}

func listingsWhole(t *testing.T, h TargetHarness) {
	if h.Many < 2 {
		t.Fatal("the harness must say how many variables make several pages")
	}
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		var want []string
		for i := range h.Many {
			name := fmt.Sprintf("MANY_%04d", i)
			want = append(want, name)
			h.put(t, f, h.placement(f.Scope, kind, name, "value "+name))
		}
		wantNames(t, f, f.Scope, kind, want...)
	})
}

func checkAgrees(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		tests := []struct {
			why, name, value string
			want             error
		}{
			{"no name", "", "value", store.ErrInvalid},
			{"leading digit", "1NAME", "value", store.ErrInvalid},
			{"space", "A NAME", "value", store.ErrInvalid},
			{"slash", "A/NAME", "value", store.ErrInvalid},
			{"line break", "NAME\nOTHER", "value", store.ErrInvalid},
			{"letter beyond ASCII", "NÄME", "value", store.ErrInvalid},
			{"NUL byte", "NAME", "va\x00lue", store.ErrInvalid},
			{"one byte too long", "NAME", strings.Repeat("x", h.MaxValue+1), store.ErrTooLarge},
			{"just long enough", "NAME", strings.Repeat("x", h.MaxValue), nil},
		}
		if h.MaxValue == 0 {
			tests = tests[:len(tests)-2]
		}
		if err := f.Target.Prepare(t.Context(), f.Scope); err != nil {
			t.Fatal(err)
		}
		for _, test := range tests {
			t.Run(test.why, func(t *testing.T) {
				p := h.placement(f.Scope, kind, test.name, test.value)
				wantKind(t, "check", f.Target.Check(p), test.want)
				_, err := f.Target.Put(t.Context(), p)
				wantKind(t, "put", err, test.want)
				_, found := f.Stored(f.Scope, kind, f.Target.Canonical(test.name))
				if stored := test.want == nil; found != stored {
					t.Errorf("stored: %v, want %v", found, stored)
				}
			})
		}
	})
}
