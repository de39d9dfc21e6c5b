package plan

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

var (
	key = ledger.ID{Kind: "secret", Name: "KEY"}
	one = map[ledger.ID]variable{key: {value: "right", attributes: "all"}}
)

// settledWorld holds KEY as keyplumb wrote it.
func settledWorld() *world {
	w := newWorld()
	w.apply(Make(w.scope(one), Options{}, w.clock), -1)
	return w
}

// Every state that a placement can be in.
func TestStates(t *testing.T) {
	plain := ledger.ID{Kind: "variable", Name: "KEY"}
	readable := map[ledger.ID]variable{plain: {value: "right", attributes: "all"}}
	for _, tt := range []struct {
		name    string
		world   func() *world
		want    map[ledger.ID]variable
		change  func([]Scope)
		options Options
		state   string // "in sync", "action reason", or the findings' rules
	}{
		{name: "missing", world: newWorld, state: "create missing"},
		{name: "in sync", world: settledWorld, state: "in sync"},
		{name: "refreshed", world: settledWorld, options: Options{Refresh: true}, state: "update refreshed"},
		{name: "stale", world: settledWorld, want: map[ledger.ID]variable{key: {value: "new", attributes: "all"}}, state: "update stale"},
		{name: "edited", world: func() *world { w := settledWorld(); w.put(key, "right", "all"); return w }, state: "update edited"},
		{name: "deleted behind our back", world: func() *world { w := settledWorld(); delete(w.store, key); return w }, state: "create missing"},
		{name: "misconfigured", world: settledWorld, want: map[ledger.ID]variable{key: {value: "right", attributes: "private"}}, state: "update misconfigured"},
		{name: "an edit that changed an attribute", world: func() *world { w := settledWorld(); w.put(key, "right", "private"); return w }, state: "update misconfigured"},
		{name: "a stranger", world: func() *world { w := newWorld(); w.put(key, "right", "all"); return w }, state: "error unverified"},
		{name: "a stranger, adopted by name", world: func() *world { w := newWorld(); w.put(key, "right", "all"); return w }, options: Options{Adopt: []string{"KEY"}}, state: "update adopted"},
		{name: "a stranger, another adopted", world: func() *world { w := newWorld(); w.put(key, "right", "all"); return w }, options: Options{Adopt: []string{"OTHER"}}, state: "error unverified"},
		{name: "without a ledger key", world: settledWorld, change: withoutLedger, state: "warning unverified"},
		{name: "without a ledger key, missing", world: newWorld, change: withoutLedger, state: "create missing"},
		{name: "extra, ours", world: settledWorld, want: map[ledger.ID]variable{}, state: "warning extra"},
		{name: "extra, ours, pruned", world: settledWorld, want: map[ledger.ID]variable{}, options: Options{Prune: true}, state: "delete extra"},
		{name: "extra, ours, edited since, pruned", world: func() *world { w := settledWorld(); w.put(key, "x", "all"); return w }, want: map[ledger.ID]variable{}, options: Options{Prune: true}, state: "warning extra"},
		{name: "extra, a stranger's, pruned", world: func() *world { w := newWorld(); w.put(key, "x", "all"); return w }, want: map[ledger.ID]variable{}, options: Options{Prune: true}, state: "warning extra"},
		{name: "extra, an unsettled intention, pruned", world: func() *world {
			w := newWorld()
			w.put(key, "x", "all")
			w.ledger.Begin(key, ledger.Record{}, nil)
			return w
		}, want: map[ledger.ID]variable{}, options: Options{Prune: true}, state: "warning extra"},
		{name: "extra, but selected by name", world: settledWorld, want: map[ledger.ID]variable{}, change: func(s []Scope) { s[0].Extras = false }, state: ""},
		{name: "extra, without a ledger key, pruned", world: settledWorld, want: map[ledger.ID]variable{}, change: withoutLedger, options: Options{Prune: true}, state: "warning extra"},
		{name: "interrupted before the write", world: func() *world { w := newWorld(); w.ledger.Begin(key, ledger.Record{}, nil); return w }, state: "create interrupted"},
		{name: "interrupted after the write", world: func() *world {
			w := newWorld()
			w.ledger.Begin(key, ledger.Record{}, nil)
			w.put(key, "right", "all")
			return w
		}, state: "update interrupted"},
		{name: "after the ledger key was rotated without it", world: func() *world {
			w := settledWorld()
			w.ledger.Begin(key, ledger.Record{}, nil) // as rotating leaves it: without a fingerprint
			w.ledger.Settle(key, w.store[key].updated)
			return w
		}, state: "update interrupted"},
		{name: "unobserved", world: settledWorld, change: func(s []Scope) { s[0].Err = errors.New("away") }, state: "error unverified"},
		{name: "held", world: newWorld, change: hold(time.Hour), state: "info held"},
		{name: "held too long", world: newWorld, change: hold(-time.Hour), state: "error held"},
		{name: "optional and absent", world: newWorld, change: absentValue, state: ""},
		{name: "optional, and gone from the source", world: settledWorld, change: absentValue, state: "warning extra"},
		{name: "optional, gone from the source, edited since, pruned", world: func() *world { w := settledWorld(); w.put(key, "x", "all"); return w },
			change: absentValue, options: Options{Prune: true}, state: "warning unverified"},
		{name: "optional, gone from the source, without a ledger key", world: settledWorld, change: func(s []Scope) { absentValue(s); withoutLedger(s) }, state: "warning unverified"},
		{name: "optional, and gone from the source, pruned", world: settledWorld, change: absentValue, options: Options{Prune: true}, state: "delete extra"},
		{name: "the source went back", world: func() *world { w := settledWorld(); return w }, want: map[ledger.ID]variable{key: {value: "old", attributes: "all"}}, change: wentBack, state: "error stale"},
		{name: "the source went back, allowed", world: settledWorld, want: map[ledger.ID]variable{key: {value: "old", attributes: "all"}}, change: wentBack, options: Options{AllowRollback: true}, state: "update stale"},
		{name: "readable, a stranger's of the same value", world: func() *world { w := newWorld(); w.put(plain, "right", "all"); return w }, want: readable, state: "in sync"},
		{name: "readable, a stranger's of another value", world: func() *world { w := newWorld(); w.put(plain, "x", "all"); return w }, want: readable, state: "error unverified"},
		{name: "readable, the same without a ledger key", world: func() *world { w := newWorld(); w.put(plain, "right", "all"); return w }, want: readable, change: withoutLedger, state: "in sync"},
		{name: "readable, edited", world: func() *world {
			w := newWorld()
			w.apply(Make(w.scope(readable), Options{}, w.clock), -1)
			w.put(plain, "x", "all")
			return w
		}, want: readable, state: "update edited"},
		{name: "readable, touched but not changed", world: func() *world {
			w := newWorld()
			w.apply(Make(w.scope(readable), Options{}, w.clock), -1)
			w.put(plain, "right", "all")
			return w
		}, want: readable, state: "in sync"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := tt.world()
			want := tt.want
			if want == nil {
				want = one
			}
			scopes := w.scope(want)
			if tt.change != nil {
				tt.change(scopes)
			}
			p := Make(scopes, tt.options, w.clock)
			if got := describe(p); got != tt.state {
				t.Errorf("got %q, want %q", got, tt.state)
			}
			if tt.state == "error unverified" || tt.state == "warning unverified" {
				if p.Unverified != 1 || p.InSync != 0 {
					t.Errorf("counted %d unverified, %d in sync", p.Unverified, p.InSync)
				}
			}
		})
	}
}

func TestRotation(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rotate time.Duration
		age    time.Duration
		want   string
	}{
		{"young", 90 * day, day, ""},
		{"soon due", 90 * day, 73 * day, "info rotate-soon: its value is 73 days old, and is to be replaced every 90 days"},
		{"too old", 90 * day, 91 * day, "warning stale-rotation: its value is 91 days old, and is to be replaced every 90 days"},
		{"in hours", 12 * time.Hour, 13 * time.Hour, "warning stale-rotation: its value is 13 h old, and is to be replaced every 12 h"},
		{"never", 0, 1000 * day, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := settledWorld()
			scopes := w.scope(one)
			scopes[0].Desired[0].Secret.Rotate, scopes[0].Desired[0].Secret.Sensitive = tt.rotate, true
			p := Make(scopes, Options{}, w.clock.Add(tt.age))
			got := ""
			for _, f := range p.Findings {
				got += f.Severity.String() + " " + f.Rule + ": " + f.Message
			}
			if got != tt.want || p.InSync != 1 {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What no ledger remembers is as old as its source says.
func TestRotationWithoutALedger(t *testing.T) {
	for _, known := range []bool{true, false} {
		w := settledWorld()
		scopes := w.scope(one)
		withoutLedger(scopes)
		d := &scopes[0].Desired[0]
		d.Secret.Rotate, d.Secret.Sensitive = 90*day, true
		if known {
			d.Changed = w.clock.Add(-91 * day)
		}
		var got []string
		for _, f := range Make(scopes, Options{}, w.clock).Findings {
			got = append(got, f.Rule)
		}
		if slices.Contains(got, "stale-rotation") != known {
			t.Errorf("the source knows: %v; found %v", known, got)
		}
	}
}

// What is hidden grows old, too, as far as the ledger knows.
func TestRotationOfWhatIsHidden(t *testing.T) {
	hidden := kept{value: "right", masked: "true", hidden: true}
	k := settledKeeping(hidden)
	scopes := k.scope(map[string]kept{"KEY": hidden})
	scopes[0].Desired[0].Secret.Rotate, scopes[0].Desired[0].Secret.Sensitive = 90*day, true
	var got []string
	for _, f := range Make(scopes, Options{}, k.clock.Add(91*day)).Findings {
		got = append(got, f.Rule)
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"stale-rotation", "unverified"}) {
		t.Errorf("got %v", got)
	}
}

const day = 24 * time.Hour

func withoutLedger(s []Scope) { s[0].Ledger, s[0].Box = nil, nil }

func absentValue(s []Scope) { s[0].Desired[0].Value = secret.Value{} }

func wentBack(s []Scope) { s[0].Desired[0].Changed = time.Unix(1_700_000_000, 0) }

func hold(d time.Duration) func([]Scope) {
	return func(s []Scope) {
		s[0].Desired[0].Binding.Hold = &policy.Exception{Reason: "incident", Until: time.Unix(1_800_000_000, 0).Add(d)}
	}
}

func describe(p Plan) string {
	switch {
	case len(p.Changes) == 1 && len(p.Findings) == 0 && p.InSync == 0:
		return string(p.Changes[0].Action) + " " + string(p.Changes[0].Reason)
	case len(p.Changes) == 0 && len(p.Findings) == 1 && p.InSync == 0:
		return p.Findings[0].Severity.String() + " " + p.Findings[0].Rule
	case len(p.Changes) == 0 && len(p.Findings) == 0 && p.InSync == 1:
		return "in sync"
	case len(p.Changes)+len(p.Findings)+p.InSync == 0:
		return ""
	}
	return "something else"
}

func TestDriftStatesChangesAsFindings(t *testing.T) {
	w := newWorld()
	p := Make(w.scope(one), Options{}, w.clock)
	found := p.Drift()
	if len(found) != 1 || found[0].Rule != "missing" || found[0].Severity != finding.Error || found[0].Name != "KEY" {
		t.Errorf("got %+v", found)
	}
	w = settledWorld()
	p = Make(w.scope(one), Options{Refresh: true}, w.clock)
	if found := p.Drift(); len(found) != 0 {
		t.Errorf("a refresh is reported as drift: %+v", found)
	}
}

func TestShadows(t *testing.T) {
	scope := func(target, scope, repository, organization string) Scope {
		return Scope{Target: target, Scope: scope, Store: "github actions", Repository: repository, Organization: organization,
			Desired: []Desired{{ID: key, Value: secret.New([]byte("v")), Placement: policy.Placement{Name: "KEY",
				Secret: &policy.Secret{Name: "KEY"}, Binding: &policy.Binding{}}}},
			Items: []store.Item{{Kind: store.Secret, Name: "KEY"}}}
	}
	for _, tt := range []struct {
		name   string
		scopes []Scope
		want   []string // the scopes that are shadowed
	}{
		{"environment over repository", []Scope{scope("a", "environment:prod", "acme/api", ""), scope("b", "repository", "acme/api", "")}, []string{"repository"}},
		{"another repository's environment", []Scope{scope("a", "environment:prod", "acme/web", ""), scope("b", "repository", "acme/api", "")}, nil},
		{"repository over organization", []Scope{scope("b", "repository", "acme/api", ""), scope("o", "organization", "", "acme")}, []string{"organization"}},
		{"another organization", []Scope{scope("b", "repository", "other/api", ""), scope("o", "organization", "", "acme")}, nil},
		{"two environments", []Scope{scope("a", "environment:prod", "acme/api", ""), scope("a", "environment:dev", "acme/api", "")}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range Make(tt.scopes, Options{AdoptAll: true}, time.Now()).Findings {
				if f.Rule == "shadowed" {
					got = append(got, f.Scope)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("shadowed: %v, want %v", got, tt.want)
			}
		})
	}
}
