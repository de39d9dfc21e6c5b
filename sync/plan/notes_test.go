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

// kept is a variable of a store that keeps a note with each, and no times. A
// hidden one shows no value and stays hidden.
type kept struct {
	value, note, masked, description string
	hidden                           bool
}

// keeping is one scope of such a store.
type keeping struct {
	store map[string]kept
	keys  ledger.Keys
	clock time.Time
}

func newKeeping() *keeping {
	return &keeping{store: map[string]kept{}, keys: ledger.Keys{Current: secret.NewKey()}, clock: time.Unix(1_800_000_000, 0)}
}

func (k *keeping) box() *ledger.Box { return ledger.NewBox(k.keys, "x") }

func secretID(name string) ledger.ID { return ledger.ID{Kind: "secret", Name: name} }

func (k *keeping) scope(want map[string]kept) []Scope {
	s := Scope{Target: "t", Scope: "project:prod", Server: "https://g", Known: map[ledger.ID]bool{}, Extras: true, Notes: true,
		Ledger: ledger.NewNotes(k.box()), Box: k.box()}
	for name, v := range want {
		s.Known[secretID(name)] = true
		attributes := map[string]string{"masked": v.masked}
		if v.hidden {
			attributes["hidden"] = "true"
		}
		if v.description != "" {
			attributes[Description] = v.description
		}
		s.Desired = append(s.Desired, Desired{ID: secretID(name), Value: secret.New([]byte(v.value)), Placement: policy.Placement{
			Target: "t", Scope: s.Scope, Name: name, Attributes: attributes,
			Secret: &policy.Secret{Name: name, Description: v.description}, Binding: &policy.Binding{Environment: "prod"}}})
	}
	for name, v := range k.store {
		item := store.Item{Kind: store.Secret, Name: name, Note: v.note, Fixed: []string{"hidden"},
			Attributes: store.Attributes{"masked": v.masked, "hidden": fmt.Sprint(v.hidden), Description: v.description}}
		if v.hidden {
			item.Fixed = append(item.Fixed, "masked")
		} else {
			item.Value, item.Readable = secret.New([]byte(v.value)), true
		}
		if v.note != "" {
			_ = s.Ledger.AddNote(secretID(name), v.note) // one that does not open is nobody's
		}
		s.Items = append(s.Items, item)
	}
	return []Scope{s}
}

// apply writes value and note at once, and dies before the write numbered die.
func (k *keeping) apply(p Plan, die int) {
	k.clock = k.clock.Add(time.Minute)
	for i, c := range p.Changes {
		if i == die {
			return
		}
		if c.Action == Delete {
			delete(k.store, c.Name)
			continue
		}
		d := c.Desired
		value := kept{value: string(d.Value.Reveal()), masked: d.Attributes["masked"], description: d.Attributes[Description],
			hidden: d.Attributes["hidden"] == "true"}
		if c.Action == Update {
			value.hidden = k.store[c.Name].hidden
			if value.hidden {
				value.masked = k.store[c.Name].masked
			}
		}
		var label ledger.Label
		if value.description == d.Secret.Description {
			label = k.box().Label(value.description)
		}
		value.note, _ = k.box().SealNote(c.ID, k.box().Record(c.ID, d.Value, "", k.clock.Unix(), nil), label, nil, k.clock)
		k.store[c.Name] = value
	}
}

// edit does to a variable what a person does who cares nothing for the note.
func (k *keeping) edit(name string, change func(*kept)) {
	v := k.store[name]
	change(&v)
	k.store[name] = v
}

func settledKeeping(v kept) *keeping {
	k := newKeeping()
	k.apply(Make(k.scope(map[string]kept{"KEY": v}), Options{}, k.clock), -1)
	return k
}

func TestStatesBesideNotes(t *testing.T) {
	shown := kept{value: "right", masked: "true"}
	unseen := kept{value: "right", masked: "true", hidden: true}
	with := func(v kept, change func(*kept)) kept { change(&v); return v }
	stranger := func(v kept) func() *keeping {
		return func() *keeping { k := newKeeping(); k.store["KEY"] = v; return k }
	}
	edited := func(v kept, change func(*kept)) func() *keeping {
		return func() *keeping { k := settledKeeping(v); k.edit("KEY", change); return k }
	}
	rotated := func(v kept) func() *keeping {
		return func() *keeping {
			k := settledKeeping(v)
			k.keys = ledger.Keys{Current: secret.NewKey(), Previous: k.keys.Current}
			return k
		}
	}
	mine := with(shown, func(v *kept) { v.description = "mine" })
	for _, tt := range []struct {
		name    string
		world   func() *keeping
		want    *kept // nil: nothing
		change  func([]Scope)
		options Options
		state   string
	}{
		{name: "missing", world: newKeeping, want: &shown, state: "create missing"},
		{name: "in sync", world: edited(shown, func(*kept) {}), want: &shown, state: "in sync"},
		{name: "edited", world: edited(shown, func(v *kept) { v.value = "x" }), want: &shown, state: "update edited"},
		{name: "stale", world: edited(with(shown, func(v *kept) { v.value = "old" }), func(*kept) {}), want: &shown, state: "update stale"},
		{name: "unmasked", world: edited(shown, func(v *kept) { v.masked = "false" }), want: &shown, state: "update misconfigured"},
		{name: "its note taken away", world: edited(shown, func(v *kept) { v.note = "" }), want: &shown, state: "in sync"},
		{name: "its note taken away, and adopted", world: edited(shown, func(v *kept) { v.note = "" }), want: &shown, options: Options{AdoptAll: true}, state: "update adopted"},
		{name: "its note taken away, and edited", world: edited(shown, func(v *kept) { v.note, v.value = "", "x" }), want: &shown, state: "error unverified"},
		{name: "a stranger's of the same value", world: stranger(shown), want: &shown, state: "in sync"},
		{name: "a stranger's of another", world: stranger(with(shown, func(v *kept) { v.value = "x" })), want: &shown, state: "error unverified"},
		{name: "the same without a ledger key", world: stranger(with(shown, func(v *kept) { v.value = "x" })), want: &shown, change: withoutLedger, state: "warning unverified"},
		{name: "sealed under the previous key", world: rotated(shown), want: &shown, state: "update refreshed"},

		{name: "hidden", world: edited(unseen, func(*kept) {}), want: &unseen, state: "warning unverified"},
		{name: "hidden, refreshed", world: edited(unseen, func(*kept) {}), want: &unseen, options: Options{Refresh: true}, state: "update refreshed"},
		{name: "hidden, edited, which nobody can see", world: edited(unseen, func(v *kept) { v.value = "x" }), want: &unseen, state: "warning unverified"},
		{name: "hidden, stale", world: edited(with(unseen, func(v *kept) { v.value = "old" }), func(*kept) {}), want: &unseen, state: "update stale"},
		{name: "hidden, a stranger's", world: stranger(unseen), want: &unseen, state: "error unverified"},
		{name: "hidden, sealed under the previous key", world: rotated(unseen), want: &unseen, state: "update refreshed"},
		{name: "to be hidden, and is not", world: edited(shown, func(*kept) {}), want: &unseen, state: "error misconfigured"},
		{name: "to be hidden, and is a stranger's", world: stranger(with(shown, func(v *kept) { v.value = "x" })), want: &unseen, state: "error unverified"},
		{name: "hidden, to be unmasked", world: edited(unseen, func(*kept) {}), want: ptr(with(unseen, func(v *kept) { v.masked = "false" })), state: "error misconfigured"},

		{name: "extra, ours, pruned", world: edited(shown, func(*kept) {}), options: Options{Prune: true}, state: "delete extra"},
		{name: "extra, ours, edited since, pruned", world: edited(shown, func(v *kept) { v.value = "x" }), options: Options{Prune: true}, state: "warning extra"},
		{name: "extra, hidden, pruned", world: edited(unseen, func(*kept) {}), options: Options{Prune: true}, state: "warning extra"},
		{name: "extra, with the note of another, pruned", world: func() *keeping {
			k := settledKeeping(shown)
			k.store = map[string]kept{"COPY": k.store["KEY"]}
			return k
		}, options: Options{Prune: true}, state: "warning extra"},

		{name: "somebody's own description", world: edited(shown, func(v *kept) { v.description = "theirs" }), want: &mine, state: "in sync"},
		{name: "the policy's description", world: edited(mine, func(*kept) {}), want: &mine, state: "in sync"},
		{name: "the policy's description taken away", world: edited(mine, func(v *kept) { v.description = "" }), want: &mine, state: "update misconfigured"},
		{name: "the policy's description added to", world: edited(mine, func(v *kept) { v.description += "!" }), want: &mine, state: "in sync"},
		{name: "the policy's description changed", world: edited(mine, func(*kept) {}), want: ptr(with(mine, func(v *kept) { v.description = "new" })), state: "update misconfigured"},
		{name: "the policy's description given up", world: edited(mine, func(*kept) {}), want: &shown, state: "update misconfigured"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k := tt.world()
			want := map[string]kept{}
			if tt.want != nil {
				want["KEY"] = *tt.want
			}
			scopes := k.scope(want)
			if tt.change != nil {
				tt.change(scopes)
			}
			if got := describe(Make(scopes, tt.options, k.clock)); got != tt.state {
				t.Errorf("got %q, want %q", got, tt.state)
			}
		})
	}
}

func ptr(v kept) *kept { return &v }

func genKept(t *rapid.T, label string) map[string]kept {
	want := map[string]kept{}
	for i := range 6 {
		if rapid.Bool().Draw(t, fmt.Sprint(label, " has ", i)) {
			want[fmt.Sprint("N", i)] = kept{
				value:  rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "value"),
				masked: rapid.SampledFrom([]string{"true", "false"}).Draw(t, "masked"),
			}
		}
	}
	return want
}

func values(m map[string]kept) map[string]string {
	out := map[string]string{}
	for name, v := range m {
		out[name] = v.value + " " + v.masked
	}
	return out
}

// Whatever such a scope held, whoever disturbed it, and wherever a run before
// died: applying the plan gives what the policy wants, a second plan is empty,
// and of what keyplumb did not write nothing is gone or changed.
func TestApplyingThePlanBesideNotes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := newKeeping()
		everything := Options{AdoptAll: true, Prune: true}
		k.apply(Make(k.scope(genKept(t, "before")), everything, k.clock), -1)
		for range rapid.IntRange(0, 4).Draw(t, "disturbances") {
			name := fmt.Sprint("N", rapid.IntRange(0, 7).Draw(t, "name"))
			if rapid.Bool().Draw(t, "delete") {
				delete(k.store, name)
			} else {
				k.edit(name, func(v *kept) {
					v.value, v.masked = rapid.SampledFrom([]string{"a", "x"}).Draw(t, "edit"), "false"
					v.description = rapid.SampledFrom([]string{"", "theirs"}).Draw(t, "description")
				})
			}
		}
		want := genKept(t, "after")
		before := maps.Clone(k.store)
		p := Make(k.scope(want), everything, k.clock)
		k.apply(p, rapid.IntRange(0, len(p.Changes)).Draw(t, "dies before"))
		k.apply(Make(k.scope(want), everything, k.clock), -1)

		expected := values(want)
		for name, v := range before {
			if _, wanted := want[name]; !wanted && !deletes(p, secretID(name)) {
				expected[name] = v.value + " " + v.masked
			}
			if now, there := k.store[name]; there && v.description == "theirs" && now.description != "theirs" {
				t.Fatalf("the description of %s is gone", name)
			}
		}
		if got := values(k.store); !maps.Equal(got, expected) {
			t.Fatalf("got %v, want %v", got, expected)
		}
		if again := Make(k.scope(want), everything, k.clock); len(again.Changes) != 0 {
			t.Fatalf("a second run would do %+v", again.Changes)
		}
	})
}
