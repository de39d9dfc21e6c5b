// Package engine does all the I/O of a run: it reads the sources, observes the
// targets, has the plan made, and applies it.
//
// The order is what the promises rest on. Every source is read and every value
// checked, every target observed and the whole plan made before the first
// write; intentions are written before values, values before deletes; and what
// was written is settled by what the store says of it, never by our own clock.
package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/policy/scan"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// An Engine is what a run needs. Its fields are set once, before the run.
type Engine struct {
	Policy    *policy.Policy
	Selection policy.Selection
	Options   plan.Options
	MaxDelete int // more deletes than this are refused before anything is written
	Keys      ledger.Keys

	// OpenSource opens a source for one environment, {env} filled in.
	OpenSource func(ctx context.Context, source policy.Source, environment string) (store.Source, error)
	// OpenTarget opens a target for what the run needs of it.
	OpenTarget func(ctx context.Context, target policy.Target, use Use) (store.Target, error)
	// SearchLeaks looks for the values in the repository; nil where the user
	// did not ask for that.
	SearchLeaks func(ctx context.Context, patterns [][]byte) ([]Leak, error)

	// Progress is told of each step, from several goroutines; it may be nil.
	Progress func(Event)
	Now      func() time.Time
}

// A Use says what a run needs of a target, so that its credential can be
// limited to just that.
type Use struct {
	Variables bool // plain variables, too
	Ledger    bool
	Write     bool
	Tiers     []policy.Tier // of the environments that are placed there
}

// An Event is one step of a run, for those who watch.
type Event struct {
	Stage string // "read", "observe", "write" …
	What  string // the source, scope or placement
	Done  int
	Total int
}

// A Leak is a place in the repository that holds a value.
type Leak struct {
	Pattern int // the index of the pattern
	At      finding.Position
	Commit  string // where it is only in the history
}

// parallel is the number of requests that are under way at once. GitHub counts
// up to 100 as fair, and asks for few.
const parallel = 8

// A Run is what became of one run: the plan and all that it rests on.
type Run struct {
	Plan     plan.Plan
	Findings []finding.Finding // on values and targets, not yet judged by the policy's levels
	Scopes   []plan.Scope
	Results  []Result // after Apply, one for each change

	engine     *Engine
	targets    map[string]store.Target
	keepers    map[string]store.LedgerKeeper // those of the targets that can keep a ledger
	identities map[string]string
	sources    map[lot]store.Source
	bound      map[place]bound
	mu         sync.Mutex // guards the sources while they are opened, and the scopes while they are listed
	errors     []error
	wrote      bool

	mentionable sync.Once // makes the two below
	short       [][]byte
	long        *scan.Known
}

// place names a binding.
type place struct{ secret, environment string }

// Prepare reads, checks, observes and plans. An error means that nothing can be
// said; what could not be observed of some targets is in Problems, with the
// plan for the rest.
func (e *Engine) Prepare(ctx context.Context, write bool) (*Run, error) {
	placements := e.selected()
	r := &Run{engine: e, targets: map[string]store.Target{}, keepers: map[string]store.LedgerKeeper{}, identities: map[string]string{}, sources: map[lot]store.Source{}}
	if err := r.read(ctx, placements); err != nil {
		return r, err
	}
	if err := r.checkValues(ctx); err != nil {
		return r, err
	}
	if err := r.observe(ctx, placements, write); err != nil {
		return r, err
	}
	r.checkPlacements()
	r.Plan = plan.Make(r.Scopes, e.Options, e.Now())
	r.checkRoom()
	r.checkCapacity()
	r.describe(ctx)
	return r, ctx.Err()
}

// Problems are the targets that could not be observed: with any, nothing may
// be written.
func (r *Run) Problems() []error { return r.errors }

// Requests sums what the targets' APIs were asked.
func (r *Run) Requests() (requests, writes int) {
	for _, t := range r.targets {
		if m, ok := t.(store.Meter); ok {
			n, w := m.Requests()
			requests, writes = requests+n, writes+w
		}
	}
	return requests, writes
}

// selected gives the placements that the run is about.
func (e *Engine) selected() []policy.Placement {
	all, _ := e.Policy.Placements()
	var out []policy.Placement
	for _, p := range all {
		if e.Selection.Match(p) {
			out = append(out, p)
		}
	}
	return out
}

// scopeOf finds the scope that a change is in.
func (r *Run) scopeOf(c *plan.Change) *plan.Scope {
	i := slices.IndexFunc(r.Scopes, func(s plan.Scope) bool { return s.Target == c.Target && s.Scope == c.Scope })
	return &r.Scopes[i]
}

func (e *Engine) tell(event Event) {
	if e.Progress != nil {
		e.Progress(event)
	}
}

// bound is a binding's value, as read.
type bound struct {
	value   secret.Value
	version string
	changed time.Time
	expires time.Time // zero: nobody says so
	owner   string
	told    bool // the source has no more to say of it
	missing bool // the source has no such value
	why     string
	help    string
}
