package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// KeySize is the length of every key, in bytes.
const KeySize = 32

// ErrKey says that a text is not a key. It does not quote the text.
var ErrKey = errors.New("not a key: want 32 random bytes in standard base64, as keyplumb keygen prints")

// A Key is a secret key: the ledger key, one derived from it, or an ephemeral
// one. Like a Value it cannot be printed.
type Key struct{ reveal func() *[KeySize]byte }

func newKey(b [KeySize]byte) Key { return Key{reveal: func() *[KeySize]byte { return &b }} }

// NewKey makes a random key. One that is kept nowhere is ephemeral: what it
// fingerprints can be compared within this process and means nothing outside.
func NewKey() Key {
	var b [KeySize]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return newKey(b)
}

// ParseKey reads 32 bytes in standard base64 (RFC 4648 §4); surrounding white
// space does not count.
func ParseKey(text string) (Key, error) {
	raw, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != KeySize {
		return Key{}, ErrKey
	}
	return newKey([KeySize]byte(raw)), nil
}

// Encode gives the text that ParseKey reads: for keygen, which is asked to
// show it, and for nothing else.
func (k Key) Encode() string { return base64.StdEncoding.EncodeToString(k.bytes()) }

// IsZero tells whether there is no key.
func (k Key) IsZero() bool { return k.reveal == nil }

func (k Key) bytes() []byte {
	if k.reveal == nil {
		panic("secret: use of the zero Key")
	}
	return k.reveal()[:]
}

// Derive gives the key for one purpose (HKDF-SHA-256, RFC 5869). Context is
// bound with it, each part preceded by its length, so that no two lists of
// parts derive the same key.
func (k Key) Derive(purpose string, context ...string) Key {
	parts := make([][]byte, 0, len(context)+1)
	parts = append(parts, []byte(purpose))
	for _, c := range context {
		parts = append(parts, []byte(c))
	}
	out, err := hkdf.Expand(sha256.New, k.bytes(), string(frame(parts)), KeySize)
	if err != nil {
		panic(err) // only for an output longer than 255 hashes
	}
	return newKey([KeySize]byte(out))
}

// Bytes gives the raw key to an AEAD.
func (k Key) Bytes() [KeySize]byte { return [KeySize]byte(k.bytes()) }

// MAC is HMAC-SHA-256 (RFC 2104) over the parts, each preceded by its length.
func (k Key) MAC(parts ...[]byte) [sha256.Size]byte {
	h := hmac.New(sha256.New, k.bytes())
	h.Write(frame(parts))
	return [sha256.Size]byte(h.Sum(nil))
}

// frame joins parts so that none can pass for two, nor two for one.
func frame(parts [][]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}

// Format answers every verb alike.
func (Key) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, redacted) }

// String serves those who do not go through fmt.
func (Key) String() string { return redacted }

// MarshalText covers JSON, XML and flags.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue covers slog.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// ReadKey reads a key that is itself kept as a secret value.
func ReadKey(v Value) (Key, error) { return ParseKey(string(v.Reveal())) }
