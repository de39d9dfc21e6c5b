// Package ledger is keyplumb's memory of what it last wrote to a scope.
//
// CI stores are write-only, so "is the value still ours?" needs a memory; it
// is kept beside the secrets, sealed, not on a server. An entry holds no value
// and nothing that a value could be guessed from without the ledger key: only
// MACs, times and attributes.
//
// # Write-ahead
//
// Value and entry are separate writes, and a run can die between any two of
// them. So the intention is written before the value, and settled after it,
// with the timestamp that the store then shows. An entry with an intention was
// interrupted: the next run rewrites that placement. An intention proves that
// a write was licensed, never that it happened, so it licenses no delete.
//
// A store that keeps a text with each variable takes value and entry in one
// request: there an entry is a note, and none of this is needed.
//
// # Shards
//
// A ledger is split into shards before a store's limit on one variable is
// reached. An entry stays in the shard that it was first put in; one that
// outgrows it moves to a new one. New shards are written before the first
// shard, which counts them, and that before the others, which entries may have
// left: a run that dies in between leaves a shard that nobody counts, or an
// entry twice, of which the first holds.
package ledger

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// ID names an entry within its scope: the kind of variable and its canonical
// name.
type ID struct {
	Kind string `cbor:"1,keyasint"`
	Name string `cbor:"2,keyasint"`
}

func (a ID) compare(b ID) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

// A Version is an 8-byte MAC of a source's version.
type Version [8]byte

// A Digest is a 12-byte MAC for finding an equal value elsewhere.
type Digest [12]byte

// A Record is what was, or is to be, written for one placement.
type Record struct {
	Fingerprint secret.Fingerprint `cbor:"1,keyasint"` // zero: unknown, so to be rewritten
	Version     Version            `cbor:"2,keyasint"`
	Changed     int64              `cbor:"3,keyasint"` // Unix seconds; when the value last changed, not when it was last written
	Attributes  map[string]string  `cbor:"4,keyasint,omitempty"`
}

// An Entry is the memory of one placement. At least one of Settled and Intent
// is there.
type Entry struct {
	ID      ID      `cbor:"1,keyasint"`
	Settled *Record `cbor:"2,keyasint,omitempty"`
	Updated int64   `cbor:"3,keyasint,omitempty"` // Unix seconds; the store's own updated_at after the settled write
	Intent  *Record `cbor:"4,keyasint,omitempty"` // a write that was begun
	Delete  bool    `cbor:"5,keyasint,omitempty"` // a delete that was begun

	// Equal finds the same value elsewhere. It is sealed apart, under the
	// ledger key itself, and so is empty for who holds a scope key alone.
	Equal []Digest `cbor:"-"`

	// Label is the description that keyplumb wrote beside the value, of a note
	// alone.
	Label Label `cbor:"-"`
}

// Unsettled tells whether a write or a delete was begun and not finished.
func (e Entry) Unsettled() bool { return e.Intent != nil || e.Delete }

// A shard is what is sealed into one text.
type shard struct {
	generation uint64
	entries    map[ID]Entry
	text       string // as read or last written; "" for a new one
	dirty      bool
	previous   bool // it is sealed under the previous key
}

// A Ledger is the memory of one scope, opened.
type Ledger struct {
	box    *Box
	shards []*shard
}

// Entry finds one entry.
func (l *Ledger) Entry(id ID) (Entry, bool) {
	for _, s := range l.shards {
		if e, ok := s.entries[id]; ok {
			return e, true
		}
	}
	return Entry{}, false
}

// Entries gives all entries, sorted.
func (l *Ledger) Entries() []Entry {
	var all []Entry
	for _, s := range l.shards {
		all = slices.AppendSeq(all, maps.Values(s.entries))
	}
	slices.SortFunc(all, func(a, b Entry) int { return a.ID.compare(b.ID) })
	return all
}

// Has tells whether there is an entry of a kind.
func (l *Ledger) Has(kind string) bool {
	return slices.ContainsFunc(l.Entries(), func(e Entry) bool { return e.ID.Kind == kind })
}

// Begin records the intention to write a placement.
func (l *Ledger) Begin(id ID, intent Record, equal []Digest) {
	e, _ := l.Entry(id)
	intent.Attributes = l.box.attributes(intent.Attributes)
	e.ID, e.Intent, e.Delete, e.Equal = id, &intent, false, equal
	l.put(e)
}

// BeginDelete records the intention to delete what a settled entry describes.
func (l *Ledger) BeginDelete(id ID) {
	if e, ok := l.Entry(id); ok {
		e.Delete = true
		l.put(e)
	}
}

// Settle turns an intention into what is known, with the store's own time of
// the write. Where the value did not come with a time of its own, it changed
// when it was written.
func (l *Ledger) Settle(id ID, updated time.Time) {
	e, ok := l.Entry(id)
	if !ok || e.Intent == nil {
		return
	}
	e.Settled, e.Intent, e.Updated = e.Intent, nil, unix(updated)
	if e.Settled.Changed == 0 {
		e.Settled.Changed = e.Updated
	}
	l.put(e)
}

// Forget removes an entry.
func (l *Ledger) Forget(id ID) {
	for _, s := range l.shards {
		if _, ok := s.entries[id]; ok {
			delete(s.entries, id)
			s.dirty = true
		}
	}
}

// put replaces an entry where it is, or adds it to the first shard with room.
// One that has outgrown its shard moves to a new one.
func (l *Ledger) put(e Entry) {
	moves := false
	for _, s := range l.shards {
		if _, here := s.entries[e.ID]; !here {
			continue
		}
		if !moves && s.hasRoomFor(e) {
			s.entries[e.ID], s.dirty = e, true
			return
		}
		delete(s.entries, e.ID)
		s.dirty, moves = true, true
	}
	for _, s := range l.shards {
		if (s.text == "" || !moves) && s.hasRoomFor(e) {
			s.entries[e.ID], s.dirty = e, true
			return
		}
	}
	l.shards = append(l.shards, &shard{entries: map[ID]Entry{e.ID: e}, dirty: true})
	l.shards[0].dirty = true // it counts them
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
