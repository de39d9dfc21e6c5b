package storetest

import (
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A TargetHarness is what a kind of target says of itself, and how the suite
// gets one to try.
type TargetHarness struct {
	// New gives a target whose scope is there and empty, over a store that
	// nothing else uses.
	New func(t *testing.T) TargetFixture

	Kinds         []store.Kind     // the kinds that the target can hold
	Readable      []store.Kind     // those of them that it can read back
	CaseSensitive bool             // whether A and a are two names
	MaxValue      int              // the longest value it takes, in bytes; 0 where there is no limit
	Many          int              // enough variables for several pages, and no more than a scope may hold
	Attributes    store.Attributes // what every placement must bring along; may be nil
	Elsewhere     bool             // whether a listing shows what lies in the other scopes
}

// A TargetFixture is one target and the way behind its back into its store.
type TargetFixture struct {
	Target  store.Target
	Scope   store.Scope // there, and empty
	Other   store.Scope // a second one that is there and empty; "" where a target has one only
	Missing store.Scope // one that is not there; "" where every scope is

	// Stored tells what the store holds under a canonical name.
	Stored func(scope store.Scope, kind store.Kind, name string) (value string, found bool)

	// Break makes the store fail from now on in the way that a target reports
	// as the given error: one of store.ErrDenied, ErrUnauthentic,
	// ErrUnavailable. It tells whether the store can fail so. Its answers
	// should echo whatever it was sent, as real servers do.
	Break func(kind error) bool

	// Deletes counts the deletions that the store was asked for.
	Deletes func() int
}

// Target runs the contract that every [store.Target] signs.
func Target(t *testing.T, h TargetHarness) {
	t.Helper()
	for _, part := range []struct {
		name string
		run  func(*testing.T, TargetHarness)
	}{
		{"identity is stable", identityIsStable},
		{"canonical names", canonicalNames},
		{"create, update, delete", createUpdateDelete},
		{"an update never deletes", updateNeverDeletes},
		{"deleting what is not there", deleteAbsent},
		{"a missing scope", missingScope},
		{"scopes are apart", scopesApart},
		{"kinds are apart", kindsApart},
		{"listings are whole", listingsWhole},
		{"readable and not", readableOrNot},
		{"values arrive byte for byte", valuesArrive},
		{"puts at once", putsAtOnce},
		{"check agrees with put", checkAgrees},
		{"failures are told apart", failuresToldApart},
		{"no error shows a value", errorsShowNoValue},
		{"a context that is done", contextDone},
		{"ledger shards", ledgerShards},
		{"ledgers hide from listings", ledgerHidden},
		{"requests are counted", requestsCounted},
		{"notes", notesKept},
		{"completing", completes},
		{"neighbours", neighboursShown},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, h) })
	}
}
