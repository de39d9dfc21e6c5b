package secret

import "crypto/hmac"

// A Fingerprint is a keyed MAC of a value, cut to 16 bytes: comparable only by
// who holds the key. Two fingerprints under one key are equal just when the
// values are.
type Fingerprint [16]byte

// Fingerprint takes the fingerprint of a value.
func (k Key) Fingerprint(v Value) Fingerprint {
	sum := k.MAC([]byte("keyplumb value"), v.Reveal())
	return Fingerprint(sum[:16])
}

// IsZero tells whether nothing was fingerprinted.
func (f Fingerprint) IsZero() bool { return f == Fingerprint{} }

// Equal compares without telling how far the two agree.
func (f Fingerprint) Equal(g Fingerprint) bool { return hmac.Equal(f[:], g[:]) }
