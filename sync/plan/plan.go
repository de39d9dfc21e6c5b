// Package plan compares what the policy wants with what the targets hold, and
// says what would make them match.
//
// It is pure: it does no I/O, knows no clock, and gives the same plan for the
// same input. All that a plan rests on is observed before, by the engine; all
// that follows from it is done after. A plan is data, not text, and holds no
// value that could be shown: changes carry names and reasons.
package plan

import (
	"cmp"
	"slices"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Desired is a placement with the value that it should have.
type Desired struct {
	policy.Placement
	ID      ledger.ID
	Value   secret.Value // empty: the secret is optional and its source has none
	Version string       // the source's
	Changed time.Time    // when the source's version was made; zero where unknown
	Owner   string       // whom the source names; "" for nobody

	Describes bool // its description is the policy's, and not somebody's own that happens to be the same
}

// A Scope is one scope of one target, as it was observed.
type Scope struct {
	Target   string
	Scope    string
	Identity string           // the target's own, for good
	Position finding.Position // of the target in the policy

	// Where the scope stands among those that hide one another.
	Store        string // two scopes of different stores never meet
	Repository   string // owner/name, for a repository's and its environments' scopes
	Organization string
	Server       string // gitlab: as the policy names it
	Project      string // gitlab: in lower case
	Group        string // gitlab: in lower case

	Desired []Desired
	Known   map[ledger.ID]bool            // every name that the policy places here, selected or not
	Beside  map[string]map[ledger.ID]bool // and in the other scopes of the same project or group
	Extras  bool                          // whether what is in no policy is to be reported
	Foreign bool                          // whether others' variables belong here, and are no extras

	Items  []store.Item
	Nearby []store.Neighbour // what the target's other scopes hold, where the listing showed it
	At     time.Time         // of the listing, by the store's clock
	Notes  bool              // the ledger's entries lie beside the values, each written with its own
	Ledger *ledger.Ledger    // nil without a ledger key
	Box    *ledger.Box       // nil without a ledger key
	Err    error             // the scope could not be observed: the rest is empty

	items map[ledger.ID]store.Item
}

// Options are what the user allows.
type Options struct {
	Adopt         []string // names that may be taken over
	AdoptAll      bool
	Prune         bool // delete extras that keyplumb wrote
	Refresh       bool // rewrite what is in sync, too
	AllowRollback bool
}

// An Action is what a change does.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// A Reason is why a change is made.
type Reason string

// The reasons: the states of a placement that a write mends, and three more.
const (
	Missing       Reason = "missing"
	Stale         Reason = "stale"
	Edited        Reason = "edited"
	Misconfigured Reason = "misconfigured"
	Extra         Reason = "extra"
	Adopted       Reason = "adopted"
	Interrupted   Reason = "interrupted"
	Refreshed     Reason = "refreshed"
)

// A Change is one write that would make a target match.
type Change struct {
	Action      Action
	Reason      Reason
	Target      string
	Scope       string
	ID          ledger.ID
	Name        string   // as the policy, or for an extra the store, spells it
	Environment string   // "" for an extra
	Attributes  []string // with Misconfigured: those that differ
	Desired     *Desired // nil for a delete
	Position    finding.Position

	until *finding.Finding // with Refreshed: why it is not in sync; nil where it is
}

// A Plan is the changes that would make the targets match, and what they
// cannot mend.
type Plan struct {
	Changes    []Change
	Findings   []finding.Finding // unverified, held, shadowed, extra, stale where it may not be mended
	InSync     int
	Unverified int
	Settled    map[Place]bool // placements that are in sync
	Outdated   []Place        // entries beside values that will still be under the previous ledger key
}

// A Place names a placement among all targets.
type Place struct {
	Target, Scope string
	ID            ledger.ID
}

// Make works out the plan. Now decides only whether a hold has run out.
func Make(scopes []Scope, options Options, now time.Time) Plan {
	p := Plan{Settled: map[Place]bool{}}
	for i := range scopes {
		s := &scopes[i]
		s.index()
		if s.Err != nil {
			p.unobserved(s)
			continue
		}
		if s.Notes {
			s.describe()
		}
		for j := range s.Desired {
			p.place(s, &s.Desired[j], options, now)
		}
		p.extras(s, options)
	}
	p.shadows(scopes)
	p.outdated(scopes)
	p.sort()
	return p
}

// Deletes counts the changes that delete.
func (p *Plan) Deletes() int { return p.count(Delete) }

// Counts gives the number of creates, updates and deletes.
func (p *Plan) Counts() (create, update, del int) {
	return p.count(Create), p.count(Update), p.count(Delete)
}

func (p *Plan) count(a Action) int {
	n := 0
	for _, c := range p.Changes {
		if c.Action == a {
			n++
		}
	}
	return n
}

func (p *Plan) sort() {
	slices.SortStableFunc(p.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Scope, b.Scope),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID.Kind, b.ID.Kind))
	})
	finding.Sort(p.Findings)
}

func (s *Scope) index() {
	s.items = make(map[ledger.ID]store.Item, len(s.Items))
	for _, item := range s.Items {
		s.items[ledger.ID{Kind: string(item.Kind), Name: item.Name}] = item
	}
}
