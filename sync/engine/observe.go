package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/store"
)

// observe opens every target and looks at every scope that the placements are
// in. A target that cannot be observed does not keep the others from it.
func (r *Run) observe(ctx context.Context, placements []policy.Placement, write bool) error {
	r.Scopes = r.layOut(placements)
	if err := r.openTargets(ctx, write); err != nil {
		return err
	}
	g, gctx := newGroup(ctx, parallel)
	for i := range r.Scopes {
		g.Go(func() error {
			s := &r.Scopes[i]
			if s.Err == nil {
				r.engine.tell(Event{Stage: "observe", What: s.Target + " " + s.Scope})
				s.Err = r.observeScope(gctx, s)
			}
			return nil
		})
	}
	if err := errors.Join(g.Wait(), ctx.Err()); err != nil {
		return err
	}
	r.errors = problems(r.Scopes)
	return nil
}

// problems gives each reason once: a target that cannot be opened fails in
// every one of its scopes.
func problems(scopes []plan.Scope) []error {
	var out []error
	seen := map[string]bool{}
	for _, s := range scopes {
		if s.Err != nil && !seen[s.Err.Error()] {
			seen[s.Err.Error()] = true
			out = append(out, s.Err)
		}
	}
	return out
}

// layOut makes the scopes, with what is desired in each. A value that is
// missing is not desired: the finding says so, and nothing follows from it.
func (r *Run) layOut(placements []policy.Placement) []plan.Scope {
	type key struct{ target, scope string }
	at := map[key]*plan.Scope{}
	for _, p := range placements {
		k := key{p.Target, p.Scope}
		if at[k] == nil {
			at[k] = r.newScope(p)
		}
		got := r.bound[place{p.Secret.Name, p.Binding.Environment}]
		if got.missing && !p.Secret.Optional {
			continue
		}
		at[k].Desired = append(at[k].Desired, plan.Desired{Placement: p,
			Value: got.value, Version: got.version, Changed: got.changed, Owner: got.owner})
	}
	scopes := make([]plan.Scope, 0, len(at))
	for _, s := range at {
		scopes = append(scopes, *s)
	}
	sortScopes(scopes)
	return scopes
}

func (r *Run) newScope(p policy.Placement) *plan.Scope {
	t := r.engine.Policy.Target(p.Target)
	return &plan.Scope{
		Server: t.Server(), Project: strings.ToLower(t.Project), Group: strings.ToLower(t.Group),
		Target: p.Target, Scope: p.Scope, Position: t.Position,
		Store: t.Kind + " " + t.Store, Repository: strings.ToLower(t.Repository), Organization: strings.ToLower(t.Organization),
		Known:  map[ledger.ID]bool{},
		Beside: map[string]map[ledger.ID]bool{},
		Extras: len(r.engine.Selection.Secrets) == 0,
		// A file on somebody's machine is theirs, and holds what else they need.
		Foreign: t.Kind == "dotenv",
	}
}

// openTargets opens each target and asks for its identity, once each: a
// credential that is refused is refused for all of a target's scopes.
func (r *Run) openTargets(ctx context.Context, write bool) error {
	all, _ := r.engine.Policy.Placements()
	failed := map[string]error{}
	g, _ := newGroup(ctx, parallel)
	for _, name := range r.targetNames() {
		g.Go(func() error {
			t, identity, err := r.open(ctx, name, all, write)
			r.mu.Lock()
			defer r.mu.Unlock()
			if err != nil {
				failed[name] = fmt.Errorf("target %s: %w", name, err)
			}
			if t != nil {
				r.targets[name], r.identities[name] = t, identity
			}
			if keeper, ok := t.(store.LedgerKeeper); ok {
				r.keepers[name] = keeper
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i := range r.Scopes {
		s := &r.Scopes[i]
		s.Err, s.Identity = failed[s.Target], r.identities[s.Target]
		if t, opened := r.targets[s.Target]; opened {
			r.name(s, t, all)
		}
	}
	return nil
}

func (r *Run) targetNames() []string {
	var names []string
	for _, s := range r.Scopes {
		if !slices.Contains(names, s.Target) {
			names = append(names, s.Target)
		}
	}
	return names
}

func (r *Run) open(ctx context.Context, name string, all []policy.Placement, write bool) (store.Target, string, error) {
	t, err := r.engine.OpenTarget(ctx, *r.engine.Policy.Target(name), r.use(name, all, write))
	if err != nil {
		return nil, "", err
	}
	identity, err := t.Identity(ctx)
	return t, identity, err
}

// use gathers what the run needs of a target.
func (r *Run) use(name string, all []policy.Placement, write bool) Use {
	u := Use{Ledger: !r.engine.Keys.Current.IsZero(), Write: write}
	for _, p := range all {
		if p.Target != name {
			continue
		}
		u.Variables = u.Variables || !p.Secret.Sensitive
		tier := r.engine.Policy.Environment(p.Binding.Environment).Tier
		if r.engine.Selection.Match(p) && !slices.Contains(u.Tiers, tier) {
			u.Tiers = append(u.Tiers, tier)
		}
	}
	return u
}

// name gives the placements of a scope the ids that the target knows them by,
// and the attributes that the policy leaves to the target.
func (r *Run) name(s *plan.Scope, t store.Target, all []policy.Placement) {
	completer, completes := t.(store.Completer)
	noter, notes := t.(store.Noter)
	s.Notes = notes && noter.NoteLimit() >= ledger.NoteSize
	for i := range s.Desired {
		d := &s.Desired[i]
		d.ID = idOf(t, d.Placement)
		if completes && !d.Value.IsEmpty() {
			d.Attributes = completer.Complete(placement(d))
		}
	}
	for _, p := range all {
		switch other := r.engine.Policy.Target(p.Target); {
		case p.Target == s.Target && p.Scope == s.Scope:
			s.Known[idOf(t, p)] = true
		case s.Notes && other.Server() == s.Server && strings.EqualFold(other.Project, s.Project) && strings.EqualFold(other.Group, s.Group):
			if s.Beside[p.Scope] == nil {
				s.Beside[p.Scope] = map[ledger.ID]bool{}
			}
			s.Beside[p.Scope][idOf(t, p)] = true
		}
	}
}

func idOf(t store.Target, p policy.Placement) ledger.ID {
	kind := store.Secret
	if !p.Secret.Sensitive && slices.Contains(kinds(t), store.Variable) {
		kind = store.Variable
	}
	return ledger.ID{Kind: string(kind), Name: t.Canonical(p.Name)}
}

func kinds(t store.Target) []store.Kind {
	if limited, ok := t.(store.Limited); ok {
		return limited.Kinds()
	}
	return []store.Kind{store.Secret, store.Variable}
}

// observeScope lists a scope and opens its ledger.
func (r *Run) observeScope(ctx context.Context, s *plan.Scope) error {
	t := r.targets[s.Target]
	g, gctx := newGroup(ctx, 0)
	g.Go(func() error { return r.openLedger(gctx, s) })
	g.Go(func() error { return r.list(gctx, s, t, store.Secret) })
	if placesVariables(s) {
		g.Go(func() error { return r.list(gctx, s, t, store.Variable) })
	}
	err := g.Wait()
	if err == nil {
		err = r.afterwards(ctx, s, t)
	}
	if err == nil && s.Notes {
		err = r.openNotes(s)
	}
	if err != nil {
		return fmt.Errorf("target %s, %s: %w", s.Target, s.Scope, err)
	}
	return nil
}

// afterwards asks what only the listing and the ledger together show to be of
// interest: plain variables that the policy no longer places but the ledger
// remembers, and attributes of what was edited.
func (r *Run) afterwards(ctx context.Context, s *plan.Scope, t store.Target) error {
	if s.Ledger != nil && !placesVariables(s) && s.Ledger.Has(string(store.Variable)) {
		if err := r.list(ctx, s, t, store.Variable); err != nil {
			return err
		}
	}
	slices.SortFunc(s.Items, func(a, b store.Item) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name))
	})
	return r.inspect(ctx, s, t)
}

func placesVariables(s *plan.Scope) bool {
	for id := range s.Known {
		if id.Kind == string(store.Variable) {
			return true
		}
	}
	return false
}

// list reads one kind. Two lists of one scope run side by side.
func (r *Run) list(ctx context.Context, s *plan.Scope, t store.Target, kind store.Kind) error {
	listing, err := t.List(ctx, store.Scope(s.Scope), []store.Kind{kind})
	if err != nil {
		return err
	}
	items := listing.Items
	for i := range items {
		items[i].Name = t.Canonical(items[i].Name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Items = append(s.Items, items...)
	s.Nearby = append(s.Nearby, listing.Elsewhere...)
	s.At = listing.At
	return nil
}

// inspect reads the attributes that the listing does not show, of what was
// touched since keyplumb wrote it: to tell a changed selection from a changed
// value.
func (r *Run) inspect(ctx context.Context, s *plan.Scope, t store.Target) error {
	inspector, ok := t.(store.Inspector)
	if !ok || s.Ledger == nil {
		return nil
	}
	for _, d := range s.Desired {
		for i := range s.Items {
			item := &s.Items[i]
			if item.Name != d.ID.Name || string(item.Kind) != d.ID.Kind || !touched(s, d, *item) {
				continue
			}
			seen, err := inspector.Inspect(ctx, store.Scope(s.Scope), item.Kind, item.Name)
			if err != nil {
				return err
			}
			if item.Attributes == nil {
				item.Attributes = store.Attributes{}
			}
			for k, v := range seen {
				item.Attributes[k] = v
			}
		}
	}
	return nil
}

func touched(s *plan.Scope, d plan.Desired, item store.Item) bool {
	entry, known := s.Ledger.Entry(d.ID)
	if !known || entry.Settled == nil || entry.Updated == item.Updated.Unix() {
		return false
	}
	for name := range d.Attributes {
		if _, shown := item.Attributes[name]; !shown {
			return true
		}
	}
	return false
}
