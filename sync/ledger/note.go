package ledger

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"math"
	"strings"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// A note is an entry in a form that fits beside one variable, for stores that
// keep a text with each and write it in the same request as the value. So it
// needs no intention before the write, and none is kept. A note's text is
//
//	kp1: and base64url, without padding, of
//	scope id 3 | key id 2 | nonce 12 | placement 32 and tag 16 | equalities 36 and tag 16
//
// where the placement is sealed under the scope key and the equalities under
// the ledger key, as in a shard; of the ids only as much is kept as tells a
// mistake from a forgery. Every key is derived for the one variable, and the
// nonce (RFC 8439 §2.8) holds the time of the write by the store's own clock,
// Unix seconds in 4 bytes, and 8 random ones: two notes of one variable have
// different nonces unless they are of the same second, and then, too.
const (
	// NotePrefix is what every note begins with.
	NotePrefix = "kp1:"
	// NoteSize is the length of a note's text, all of it ASCII.
	NoteSize = len(NotePrefix) + (noteBytes*8+5)/6

	noteScopeID   = 3
	noteKeyID     = 2
	noteHeader    = noteScopeID + noteKeyID
	noteRecord    = 16 + 8 + 4 + 4
	noteEqualMax  = 3
	noteEqualSize = noteEqualMax * 12
	noteBytes     = noteHeader + chacha20poly1305.NonceSize + noteRecord + noteEqualSize + 2*chacha20poly1305.Overhead
)

// NoteLike has the form of a note and is none: to ask whether there is room for
// one.
var NoteLike = NotePrefix + strings.Repeat("A", NoteSize-len(NotePrefix))

// A Label is a 4-byte MAC of a variable's own description, as keyplumb wrote
// it on the policy's word; zero where the policy gave none.
type Label [4]byte

// Label takes the MAC of a description.
func (b *Box) Label(description string) Label { return b.current.label(description) }

func (k keyset) label(description string) Label {
	if description == "" {
		return Label{}
	}
	sum := k.fingerprint.MAC([]byte("description"), []byte(description))
	return Label(sum[:4])
}

// SealNote seals the entry of one variable: what is about to be written, and
// the time by the store's clock. Attributes are not kept: such a store shows
// them. Of the digests the first three are.
func (b *Box) SealNote(id ID, r Record, label Label, equal []Digest, at time.Time) (string, error) {
	scope := b.scopeID()
	header := bytes.Join([][]byte{scope[:noteScopeID], b.current.id[:noteKeyID]}, nil)
	nonce := make([]byte, chacha20poly1305.NonceSize)
	binary.BigEndian.PutUint32(nonce, seconds(unix(at)))
	_, _ = rand.Read(nonce[4:]) // never fails

	record := bytes.Join([][]byte{r.Fingerprint[:], r.Version[:]}, nil)
	record = binary.BigEndian.AppendUint32(record, seconds(r.Changed))
	record = append(record, label[:]...)
	digests := make([]byte, 0, noteEqualSize)
	for _, d := range equal[:min(len(equal), noteEqualMax)] {
		digests = append(digests, d[:]...)
	}
	digests = digests[:noteEqualSize]

	out := append(bytes.Clone(header), nonce...)
	for _, part := range []struct {
		key   secret.Key
		plain []byte
	}{{b.current.seal, record}, {b.current.equalitySeal, digests}} {
		aead, err := noteCipher(part.key, id)
		if err != nil {
			return "", err
		}
		out = aead.Seal(out, nonce, part.plain, b.noteAssociated(out, id))
	}
	return NotePrefix + base64.RawURLEncoding.EncodeToString(out), nil
}

// seconds is what a note has for a time: from 1970 to 2106.
func seconds(t int64) uint32 {
	return uint32(min(max(t, 0), math.MaxUint32)) //nolint:gosec // it is within the bounds
}

// noteCipher makes the cipher of one variable's notes.
func noteCipher(key secret.Key, id ID) (cipher.AEAD, error) {
	k := key.Derive("seal a note", id.Kind, id.Name).Bytes()
	return chacha20poly1305.New(k[:])
}

// noteAssociated binds a part to all that stands before it, so that a placement
// that somebody else sealed, who has the scope key alone, does not pass beside
// the equalities of another; and to the variable and the scope.
func (b *Box) noteAssociated(before []byte, id ID) []byte {
	ad := append([]byte(NotePrefix), before...)
	for _, part := range append([]string{id.Kind, id.Name}, b.identity...) {
		ad = binary.BigEndian.AppendUint64(ad, uint64(len(part)))
		ad = append(ad, part...)
	}
	return ad
}

// NewNotes makes the ledger of a scope whose entries are notes.
func NewNotes(box *Box) *Ledger {
	return &Ledger{box: box, shards: []*shard{
		{entries: map[ID]Entry{}},
		{entries: map[ID]Entry{}, previous: true},
	}}
}

// AddNote opens one variable's note and enters it. The errors are those of a
// ledger.
func (l *Ledger) AddNote(id ID, text string) error {
	encoded, ok := strings.CutPrefix(text, NotePrefix)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(raw) != noteBytes {
		return ErrFormat
	}
	if scope := l.box.scopeID(); !bytes.Equal(raw[:noteScopeID], scope[:noteScopeID]) {
		return ErrOtherScope
	}
	sets := []*keyset{&l.box.current, l.box.previous}
	failure := ErrOtherKey
	for i, set := range sets {
		if set == nil || !bytes.Equal(raw[noteScopeID:noteHeader], set.id[:noteKeyID]) {
			continue
		}
		entry, err := l.box.openNote(*set, id, raw)
		if err == nil {
			l.shards[i].entries[id] = entry
			return nil
		}
		failure = ErrForged
	}
	return failure
}

func (b *Box) openNote(set keyset, id ID, raw []byte) (Entry, error) {
	const first = noteHeader + chacha20poly1305.NonceSize
	const second = first + noteRecord + chacha20poly1305.Overhead
	nonce := raw[noteHeader:first]
	var plain [2][]byte
	for i, part := range []struct {
		key      secret.Key
		from, to int
	}{{set.seal, first, second}, {set.equalitySeal, second, noteBytes}} {
		aead, err := noteCipher(part.key, id)
		if err != nil {
			return Entry{}, err
		}
		if plain[i], err = aead.Open(nil, nonce, raw[part.from:part.to], b.noteAssociated(raw[:part.from], id)); err != nil {
			return Entry{}, ErrForged
		}
	}
	record, digests := plain[0], plain[1]
	e := Entry{ID: id, Updated: int64(binary.BigEndian.Uint32(nonce)), Label: Label(record[28:32]), Settled: &Record{
		Fingerprint: secret.Fingerprint(record[:16]), Version: Version(record[16:24]),
		Changed: int64(binary.BigEndian.Uint32(record[24:28])),
	}}
	for ; len(digests) > 0; digests = digests[12:] {
		if d := Digest(digests[:12]); d != (Digest{}) {
			e.Equal = append(e.Equal, d)
		}
	}
	return e, nil
}

// Described tells whether a description is the one that keyplumb last wrote on
// the policy's word, and not somebody's own.
func (l *Ledger) Described(id ID, description string) bool {
	for i, set := range []*keyset{&l.box.current, l.box.previous} {
		if i < len(l.shards) && set != nil {
			if e, ok := l.shards[i].entries[id]; ok {
				return e.Label != Label{} && e.Label == set.label(description)
			}
		}
	}
	return false
}

// Outdated tells whether a note is sealed under the previous key, so that its
// variable has to be written again.
func (l *Ledger) Outdated(id ID) bool {
	for _, s := range l.shards {
		if _, ok := s.entries[id]; ok {
			return s.previous
		}
	}
	return false
}
