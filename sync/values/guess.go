package values

import (
	"math"

	"github.com/trustelem/zxcvbn"

	"github.com/keyplumb/keyplumb/sync/secret"
)

const (
	// guessproofBits is the strength from which nobody finds a value by
	// trying, even with the key of the MAC in hand.
	guessproofBits = 60
	// judged is how many bytes of a value are looked at: an estimate of its
	// beginning is a lower bound, and the estimator's time grows with the
	// square of the length.
	judged = 40
)

// Guessproof tells whether a value is too strong to be found by trying.
func Guessproof(v secret.Value) bool { return bits(v) >= guessproofBits }

// bits estimates the strength of a value from below (zxcvbn: Wheeler, USENIX
// Security 2016).
func bits(v secret.Value) float64 {
	b := v.Reveal()
	if len(b) == 0 {
		return 0
	}
	guesses := zxcvbn.PasswordStrength(string(b[:min(len(b), judged)]), nil).Guesses
	return math.Log2(max(guesses, 1))
}
