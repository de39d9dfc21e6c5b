package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
)

// A Fingerprint is a keyed MAC of a value, cut to 16 bytes: comparable only by
// who holds the key. Two fingerprints under one key are equal just when the
// values are.
type Fingerprint [16]byte

// MACValue authenticates a value in a context: HMAC-SHA-256 over the context's
// parts and the value, each with its length in front.
func (k Key) MACValue(v Value, context ...[]byte) [sha256.Size]byte {
	return k.MAC(append(slices.Clip(context), v.Reveal())...)
}

// Fingerprint takes the fingerprint of a value.
func (k Key) Fingerprint(v Value) Fingerprint {
	sum := k.MACValue(v, []byte("keyplumb value"))
	return Fingerprint(sum[:16])
}

// IsZero tells whether nothing was fingerprinted.
func (f Fingerprint) IsZero() bool { return f == Fingerprint{} }

// Equal compares without telling how far the two agree.
func (f Fingerprint) Equal(g Fingerprint) bool { return hmac.Equal(f[:], g[:]) }
