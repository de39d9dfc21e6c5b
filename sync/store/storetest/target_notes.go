package storetest

import (
	"maps"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

// noteOf gives a note of a length, of the form that the ledger's have.
func noteOf(fill string, length int) string {
	const prefix = "kp1:"
	return prefix + strings.Repeat(fill, length-len(prefix))
}

// notesKept: a note comes back as it was given, is replaced by the next one,
// and goes where there is none; what somebody else wrote beside it stays.
func notesKept(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		noter, ok := f.Target.(store.Noter)
		if !ok {
			t.Skip("this target keeps no notes")
		}
		const text = "somebody's own words, in two parts"
		described := h.placement(f.Scope, kind, "DESCRIBED", "value")
		described.Attributes = store.Attributes{}
		maps.Copy(described.Attributes, h.Attributes)
		described.Attributes["description"] = text
		plain := h.placement(f.Scope, kind, "PLAIN", "value")
		for _, note := range []string{noteOf("A", noter.NoteLimit()), noteOf("b", noter.NoteLimit()), noteOf("-", noter.NoteLimit()), "", noteOf("_", noter.NoteLimit())} {
			described.Note, plain.Note = note, note
			h.put(t, f, described)
			h.put(t, f, plain)
			wantNoted(t, f, kind, map[string][2]string{"DESCRIBED": {note, text}, "PLAIN": {note, ""}})
			// From now on the words are not given, as where the policy has none.
			described.Attributes = h.Attributes
		}
	})
}

// wantNoted lists, and holds note and description of each name against what is
// wanted.
func wantNoted(t *testing.T, f TargetFixture, kind store.Kind, want map[string][2]string) {
	t.Helper()
	listing, err := f.Target.List(t.Context(), f.Scope, []store.Kind{kind})
	if err != nil || len(listing.Items) != len(want) {
		t.Fatalf("list: %d items, %v; want %d", len(listing.Items), err, len(want))
	}
	for _, item := range listing.Items {
		if got := [2]string{item.Note, item.Attributes["description"]}; got != want[item.Name] {
			t.Errorf("%s: note and description %q, want %q", item.Name, got, want[item.Name])
		}
	}
}

// completes: what a target fills in hangs on the placement alone, and it is
// what the store then has.
func completes(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		completer, ok := f.Target.(store.Completer)
		if !ok {
			t.Skip("this target leaves no attribute to itself")
		}
		for _, value := range []string{"a-long-one-without-any-space", "has spaces in it", "short"} {
			p := h.placement(f.Scope, kind, "NAME", value)
			before := maps.Clone(p.Attributes)
			first := completer.Complete(p)
			if !maps.Equal(p.Attributes, before) {
				t.Error("the placement's own attributes were changed")
			}
			if second := completer.Complete(p); !maps.Equal(first, second) {
				t.Errorf("completed to %v, then to %v", first, second)
			}
			given := p
			given.Attributes = first
			if again := completer.Complete(given); !maps.Equal(again, first) {
				t.Errorf("%v was given, and became %v", first, again)
			}
			wantGiven(t, completer, p, first)
			h.put(t, f, given)
			wantAttributes(t, f, kind, first)
		}
		if meter, ok := f.Target.(store.Meter); ok {
			before, _ := meter.Requests()
			completer.Complete(h.placement(f.Scope, kind, "NAME", "value"))
			if after, _ := meter.Requests(); after != before {
				t.Errorf("completing took %d requests", after-before)
			}
		}
	})
}

// wantGiven gives what is filled in beforehand, as the policy may: the other
// way round.
func wantGiven(t *testing.T, completer store.Completer, p store.Placement, filled store.Attributes) {
	t.Helper()
	for name, text := range filled {
		if _, given := p.Attributes[name]; given {
			continue
		}
		other := map[string]string{"true": "false", "false": "true"}[text]
		if other == "" {
			t.Errorf("%s was filled in with %q, which is no flag", name, text)
		}
		asked := p
		asked.Attributes = store.Attributes{name: other}
		if got := completer.Complete(asked)[name]; got != other {
			t.Errorf("%s was given as %q, and became %q", name, other, got)
		}
	}
}

// wantAttributes lists the one variable that is there.
func wantAttributes(t *testing.T, f TargetFixture, kind store.Kind, want store.Attributes) {
	t.Helper()
	listing, err := f.Target.List(t.Context(), f.Scope, []store.Kind{kind})
	if err != nil || len(listing.Items) != 1 {
		t.Fatalf("list: %d items, %v; want one", len(listing.Items), err)
	}
	for name, text := range want {
		if got := listing.Items[0].Attributes[name]; got != text {
			t.Errorf("%s was completed to %q, and the store has %q", name, text, got)
		}
	}
}

// neighboursShown: what a listing shows of the other scopes is there, and is
// not of the scope itself.
func neighboursShown(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		if !h.Elsewhere {
			t.Skip("a listing of this target shows its own scope alone")
		}
		h.put(t, f, h.placement(f.Scope, kind, "BOTH", "here"))
		h.put(t, f, h.placement(f.Other, kind, "BOTH", "there"))
		h.put(t, f, h.placement(f.Other, kind, "OTHER", "there"))
		for scope, want := range map[store.Scope]map[store.Neighbour]int{
			f.Scope: {{Scope: f.Other, Kind: kind, Name: "BOTH"}: 1, {Scope: f.Other, Kind: kind, Name: "OTHER"}: 1},
			f.Other: {{Scope: f.Scope, Kind: kind, Name: "BOTH"}: 1},
		} {
			listing, err := f.Target.List(t.Context(), scope, []store.Kind{kind})
			if err != nil {
				t.Fatal(err)
			}
			got := map[store.Neighbour]int{}
			for _, neighbour := range listing.Elsewhere {
				got[neighbour]++
			}
			if !maps.Equal(got, want) {
				t.Errorf("elsewhere than %s: %v, want %v", scope, got, want)
			}
		}
	})
}
