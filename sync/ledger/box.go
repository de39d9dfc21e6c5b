package ledger

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// Why a ledger cannot be opened. Each has its own way out.
var (
	ErrOtherKey   = errors.New("the ledger is sealed under another ledger key")
	ErrOtherScope = errors.New("the ledger belongs to another scope")
	ErrForged     = errors.New("the ledger was tampered with or damaged")
	ErrFormat     = errors.New("this is no ledger that this version of keyplumb can read")
)

// Keys are the ledger keys: the current one, and the previous one while it is
// being rotated. The previous one is read with, never written with.
type Keys struct{ Current, Previous secret.Key }

// A Box seals and opens the ledger of one scope.
//
// A shard's text is base64 of
//
//	magic "KPL" | format 1 | scope id 16 | key id 8 | length 4 | placements | equalities
//
// where placements are sealed under the scope key, which is derived from the
// ledger key and the scope's identity, and equalities under the ledger key.
// Each is an XChaCha20-Poly1305 box with its nonce in front, padded to a fixed
// size. What stands in clear, the scope's identity and the shard's number are
// bound as associated data.
type Box struct {
	identity []string
	current  keyset
	previous *keyset
}

// keyset is what is derived from one ledger key for one scope.
type keyset struct {
	id                                [8]byte
	seal, fingerprint, version        secret.Key // from the scope key
	equalitySeal, equalityFingerprint secret.Key // from the ledger key
}

const (
	format     = 1
	headerSize = 3 + 1 + 16 + 8
)

var magic = []byte("KPL")

// NewBox makes the box of the scope with this identity: the target's immutable
// identity and the scope's name.
func NewBox(keys Keys, identity ...string) *Box {
	b := &Box{identity: identity, current: derive(keys.Current, identity)}
	if !keys.Previous.IsZero() {
		previous := derive(keys.Previous, identity)
		b.previous = &previous
	}
	return b
}

func derive(ledgerKey secret.Key, identity []string) keyset {
	scope := ledgerKey.Derive("keyplumb scope key", identity...)
	id := scope.MAC([]byte("key id"))
	return keyset{
		id:                  [8]byte(id[:8]),
		seal:                scope.Derive("seal placements"),
		fingerprint:         scope.Derive("fingerprint placements"),
		version:             scope.Derive("source versions"),
		equalitySeal:        ledgerKey.Derive("keyplumb seal equalities", identity...),
		equalityFingerprint: ledgerKey.Derive("keyplumb equality fingerprints"),
	}
}

// scopeID names the scope in clear. The identity holds nothing secret.
func (b *Box) scopeID() [16]byte {
	h := sha256.New()
	for _, part := range b.identity {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part)))
		h.Write([]byte(part))
	}
	return [16]byte(h.Sum(nil)[:16])
}

func (b *Box) header(k keyset) []byte {
	id := b.scopeID()
	return bytes.Join([][]byte{magic, {format}, id[:], k.id[:]}, nil)
}

// sealText seals a shard under the current key.
func (b *Box) sealText(number int, placements, equalities []byte) (string, error) {
	header := b.header(b.current)
	ad := b.associated(header, number)
	first, err := seal(b.current.seal, placements, ad)
	if err != nil {
		return "", err
	}
	second, err := seal(b.current.equalitySeal, equalities, ad)
	if err != nil {
		return "", err
	}
	out := binary.BigEndian.AppendUint32(header, uint32(len(first))) //nolint:gosec // a store's limit on one variable keeps a shard to some tens of KiB
	out = append(append(out, first...), second...)
	return base64.StdEncoding.EncodeToString(out), nil
}

// openText opens a shard, and tells which keys did.
func (b *Box) openText(text string, number int) (placements, equalities []byte, used keyset, err error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < headerSize+4 || !bytes.HasPrefix(raw, magic) || raw[len(magic)] != format {
		return nil, nil, keyset{}, ErrFormat
	}
	header, body := raw[:headerSize:headerSize], raw[headerSize+4:]
	if id := b.scopeID(); !bytes.Equal(header[4:20], id[:]) {
		return nil, nil, keyset{}, ErrOtherScope
	}
	used, ok := b.keysetByID([8]byte(header[20:28]))
	if !ok {
		return nil, nil, keyset{}, ErrOtherKey
	}
	length := binary.BigEndian.Uint32(raw[headerSize:])
	if uint64(length) > uint64(len(body)) {
		return nil, nil, keyset{}, ErrForged
	}
	ad := b.associated(header, number)
	if placements, err = open(used.seal, body[:length], ad); err != nil {
		return nil, nil, keyset{}, err
	}
	if equalities, err = open(used.equalitySeal, body[length:], ad); err != nil {
		return nil, nil, keyset{}, err
	}
	return placements, equalities, used, nil
}

func (b *Box) keysetByID(id [8]byte) (keyset, bool) {
	switch {
	case id == b.current.id:
		return b.current, true
	case b.previous != nil && id == b.previous.id:
		return *b.previous, true
	}
	return keyset{}, false
}

func (b *Box) associated(header []byte, number int) []byte {
	ad := fmt.Appendf(bytes.Clone(header), "shard %d", number)
	for _, part := range b.identity {
		ad = binary.BigEndian.AppendUint64(ad, uint64(len(part)))
		ad = append(ad, part...)
	}
	return ad
}

func seal(key secret.Key, plain, ad []byte) ([]byte, error) {
	padded, err := pad(plain)
	if err != nil {
		return nil, err
	}
	k := key.Bytes()
	aead, err := chacha20poly1305.NewX(k[:])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX)
	_, _ = rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, padded, ad), nil
}

func open(key secret.Key, sealed, ad []byte) ([]byte, error) {
	k := key.Bytes()
	aead, err := chacha20poly1305.NewX(k[:])
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, ErrForged
	}
	padded, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], ad)
	if err != nil {
		return nil, ErrForged
	}
	return unpad(padded)
}
