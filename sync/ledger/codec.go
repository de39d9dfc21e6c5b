package ledger

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// content is the placements section of a shard (RFC 8949, CBOR).
type content struct {
	Generation uint64  `cbor:"1,keyasint"`
	Shards     int     `cbor:"2,keyasint,omitempty"` // in the first shard: how many there are
	Entries    []Entry `cbor:"3,keyasint"`           // sorted; the equalities stand in this order
}

// maxShards bounds what a ledger may make a reader fetch.
const maxShards = 64

// decoding is strict: what is sealed was written by keyplumb, so what does not
// fit was not.
var decoding = mustDecMode(cbor.DecOptions{
	DupMapKey:         cbor.DupMapKeyEnforcedAPF,
	IndefLength:       cbor.IndefLengthForbidden,
	ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
})

func mustDecMode(o cbor.DecOptions) cbor.DecMode {
	mode, err := o.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}

// New makes the ledger of a scope that has none.
func New(box *Box) *Ledger {
	return &Ledger{box: box, shards: []*shard{{entries: map[ID]Entry{}}}}
}

// Open opens the first shard of a ledger, and tells how many shards there are
// in all; the rest are given to Add. An empty text is a ledger that is not
// there.
func Open(box *Box, text string) (l *Ledger, shards int, err error) {
	l = New(box)
	if text == "" {
		return l, 1, nil
	}
	c, s, err := open1(box, text, 1)
	if err != nil {
		return nil, 0, err
	}
	if c.Shards < 1 || c.Shards > maxShards {
		return nil, 0, ErrForged
	}
	l.shards = []*shard{s}
	return l, c.Shards, nil
}

// Add opens the next shard, which the first one said is there.
func (l *Ledger) Add(text string) error {
	_, s, err := open1(l.box, text, len(l.shards)+1)
	if err != nil {
		return err
	}
	l.shards = append(l.shards, s)
	return nil
}

func open1(box *Box, text string, number int) (content, *shard, error) {
	placements, equalities, used, err := box.openText(text, number)
	if err != nil {
		return content{}, nil, err
	}
	var c content
	var equal [][]Digest
	if errors.Join(decoding.Unmarshal(placements, &c), decoding.Unmarshal(equalities, &equal)) != nil || len(equal) != len(c.Entries) {
		return content{}, nil, ErrForged
	}
	s := &shard{generation: c.Generation, entries: make(map[ID]Entry, len(c.Entries)), text: text, previous: used.id != box.current.id}
	for i, e := range c.Entries {
		e.Equal = equal[i]
		s.entries[e.ID] = e
	}
	return c, s, nil
}

// A Sealed shard is to be written to the store.
type Sealed struct {
	Shard int // from 1
	Text  string
	New   bool // there was none before
}

// Seal seals what has changed since the last Seal or Open. A shard that is new
// comes before the first one, which counts it, and the others after that: write
// them in this order.
func (l *Ledger) Seal() ([]Sealed, error) {
	var added, known []int
	for i, s := range l.shards {
		switch {
		case !s.dirty:
		case s.text == "" && i > 0:
			added = append(added, i)
		default:
			known = append(known, i)
		}
	}
	var out []Sealed
	for _, i := range append(added, known...) {
		s := l.shards[i]
		text, err := l.sealShard(i)
		if err != nil {
			return nil, err
		}
		out = append(out, Sealed{Shard: i + 1, Text: text, New: s.text == ""})
		s.text, s.dirty = text, false
	}
	return out, nil
}

func (l *Ledger) sealShard(i int) (string, error) {
	s := l.shards[i]
	s.generation++
	c := content{Generation: s.generation, Entries: s.sorted()}
	if i == 0 {
		c.Shards = len(l.shards)
	}
	equal := make([][]Digest, len(c.Entries))
	for j, e := range c.Entries {
		equal[j] = e.Equal
	}
	placements, err := cbor.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	equalities, err := cbor.Marshal(equal)
	if err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return l.box.sealText(i+1, placements, equalities)
}

// Moved compares a shard as the store has it now with what this ledger last
// read or wrote there: another run wrote it if they differ.
func (l *Ledger) Moved(number int, text string) bool { return l.shards[number-1].text != text }

// Touched gives the numbers of the shards that have changed since the last
// Seal or Open.
func (l *Ledger) Touched() []int {
	var numbers []int
	for i, s := range l.shards {
		if s.dirty {
			numbers = append(numbers, i+1)
		}
	}
	return numbers
}

// Texts gives every shard's text as read or last sealed: what binds a plan to
// the ledger's state.
func (l *Ledger) Texts() []string {
	texts := make([]string, len(l.shards))
	for i, s := range l.shards {
		texts[i] = s.text
	}
	return texts
}

func (s *shard) sorted() []Entry {
	return slices.SortedFunc(maps.Values(s.entries), func(a, b Entry) int { return a.ID.compare(b.ID) })
}

// hasRoomFor tells whether a shard can take an entry, or a larger form of one
// that it has.
func (s *shard) hasRoomFor(e Entry) bool {
	if _, here := s.entries[e.ID]; !here && len(s.entries) >= roomyEntries {
		return false
	}
	size := worstSize(e)
	for id, other := range s.entries {
		if id != e.ID {
			size += worstSize(other)
		}
	}
	return size <= roomyBytes
}

// worstSize is what an entry takes when it is settled and has an intention,
// too; a little more, since that is simpler to say.
func worstSize(e Entry) int {
	attributes := 0
	for _, r := range []*Record{e.Settled, e.Intent} {
		if r == nil {
			continue
		}
		size := 0
		for k, v := range r.Attributes {
			size += len(k) + len(v) + 4
		}
		attributes = max(attributes, size)
	}
	return len(e.ID.Kind) + len(e.ID.Name) + 2*(attributes+40) + 24
}
