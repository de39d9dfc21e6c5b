package plan

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// variable is what a store holds under one name.
type variable struct {
	value      string
	updated    time.Time
	attributes string
}

// world is one scope: a store, its ledger and the store's clock.
type world struct {
	store  map[ledger.ID]variable
	box    *ledger.Box
	ledger *ledger.Ledger
	clock  time.Time
}

func newWorld() *world {
	box := ledger.NewBox(ledger.Keys{Current: secret.NewKey()}, "x")
	return &world{store: map[ledger.ID]variable{}, box: box, ledger: ledger.New(box), clock: time.Unix(1_800_000_000, 0)}
}

func (w *world) put(id ledger.ID, value, attributes string) {
	w.clock = w.clock.Add(time.Second)
	w.store[id] = variable{value, w.clock, attributes}
}

// scope observes the world against what is wanted.
func (w *world) scope(want map[ledger.ID]variable) []Scope {
	s := Scope{Target: "t", Scope: "environment:prod", Known: map[ledger.ID]bool{}, Extras: true, Ledger: w.ledger, Box: w.box}
	for id, v := range want {
		s.Known[id] = true
		s.Desired = append(s.Desired, Desired{ID: id, Value: secret.New([]byte(v.value)), Placement: policy.Placement{
			Target: "t", Scope: s.Scope, Name: id.Name, Attributes: map[string]string{"visibility": v.attributes},
			Secret: &policy.Secret{Name: id.Name}, Binding: &policy.Binding{Environment: "prod"}}})
	}
	for id, v := range w.store {
		item := store.Item{Kind: store.Kind(id.Kind), Name: id.Name, Updated: v.updated, Attributes: store.Attributes{"visibility": v.attributes}}
		if item.Kind == store.Variable {
			item.Value, item.Readable = secret.New([]byte(v.value)), true
		}
		s.Items = append(s.Items, item)
	}
	return []Scope{s}
}

// apply does to the world what the engine does to a store, as far as a run
// gets: it dies before the write with the number die.
func (w *world) apply(p Plan, die int) {
	for _, c := range p.Changes {
		if c.Action == Delete {
			w.ledger.BeginDelete(c.ID)
			continue
		}
		w.ledger.Begin(c.ID, w.box.Record(c.ID, c.Desired.Value, c.Desired.Version, 0, c.Desired.Attributes), nil)
	}
	for i, c := range p.Changes {
		if i == die {
			return
		}
		if c.Action == Delete {
			delete(w.store, c.ID)
			w.ledger.Forget(c.ID)
			continue
		}
		w.put(c.ID, string(c.Desired.Value.Reveal()), c.Desired.Attributes["visibility"])
	}
	for _, c := range p.Changes {
		if c.Action != Delete {
			w.ledger.Settle(c.ID, w.store[c.ID].updated)
		}
	}
}

func state(m map[ledger.ID]variable) map[ledger.ID]string {
	out := map[ledger.ID]string{}
	for id, v := range m {
		out[id] = v.value + " " + v.attributes
	}
	return out
}

func genWant(t *rapid.T, label string) map[ledger.ID]variable {
	want := map[ledger.ID]variable{}
	for i := range 6 {
		if !rapid.Bool().Draw(t, fmt.Sprint(label, " has ", i)) {
			continue
		}
		id := ledger.ID{Kind: rapid.SampledFrom([]string{"secret", "variable"}).Draw(t, "kind"), Name: fmt.Sprint("N", i)}
		want[id] = variable{value: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "value"), attributes: rapid.SampledFrom([]string{"all", "private"}).Draw(t, "visibility")}
	}
	return want
}

// disturb edits, deletes and adds behind keyplumb's back.
func disturb(t *rapid.T, w *world) {
	for range rapid.IntRange(0, 4).Draw(t, "disturbances") {
		id := ledger.ID{Kind: rapid.SampledFrom([]string{"secret", "variable"}).Draw(t, "kind"), Name: fmt.Sprint("N", rapid.IntRange(0, 7).Draw(t, "name"))}
		if rapid.Bool().Draw(t, "delete") {
			delete(w.store, id)
		} else {
			w.put(id, rapid.SampledFrom([]string{"a", "b", "x"}).Draw(t, "edit"), "all")
		}
	}
}

// Whatever a scope held and whoever disturbed it, applying the plan gives what
// the policy wants, and planning again gives nothing to do. What keyplumb did
// not write is still there.
func TestApplyingThePlanGivesWhatIsWanted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		everything := Options{AdoptAll: true, Prune: true}
		w.apply(Make(w.scope(genWant(t, "before")), everything, w.clock), -1)
		disturb(t, w)
		want := genWant(t, "after")
		before := maps.Clone(w.store)
		p := Make(w.scope(want), everything, w.clock)
		w.apply(p, -1)

		expected := state(want)
		for id, v := range before {
			if _, wanted := want[id]; !wanted && !deletes(p, id) {
				expected[id] = v.value + " " + v.attributes
			}
		}
		if got := state(w.store); !maps.Equal(got, expected) {
			t.Fatalf("got %v, want %v", got, expected)
		}
		if again := Make(w.scope(want), everything, w.clock); len(again.Changes) != 0 {
			t.Fatalf("a second run would do %+v", again.Changes)
		}
	})
}

// A run that dies before any of its writes is repaired by the next, and on the
// way nothing is missing that was there and is wanted.
func TestARunThatDiesIsRepaired(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		everything := Options{AdoptAll: true, Prune: true}
		w.apply(Make(w.scope(genWant(t, "before")), everything, w.clock), -1)
		want := genWant(t, "after")
		before := maps.Clone(w.store)
		p := Make(w.scope(want), everything, w.clock)
		w.apply(p, rapid.IntRange(0, max(0, len(p.Changes)-1)).Draw(t, "dies before"))
		for id := range before {
			if _, wanted := want[id]; wanted {
				if _, there := w.store[id]; !there {
					t.Fatalf("%v was there, is wanted, and is gone", id)
				}
			}
		}
		w.apply(Make(w.scope(want), everything, w.clock), -1)
		if got := state(w.store); !maps.Equal(got, state(want)) {
			t.Fatalf("got %v, want %v", got, state(want))
		}
	})
}

// Without the user's word nothing is taken over and nothing deleted.
func TestNothingIsTakenUnasked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld()
		disturb(t, w)
		strangers := maps.Clone(w.store)
		w.apply(Make(w.scope(genWant(t, "want")), Options{}, w.clock), -1)
		for id, v := range strangers {
			if w.store[id] != v {
				t.Fatalf("%v was %v and is %v", id, v, w.store[id])
			}
		}
	})
}

func deletes(p Plan, id ledger.ID) bool {
	for _, c := range p.Changes {
		if c.ID == id && c.Action == Delete {
			return true
		}
	}
	return false
}
