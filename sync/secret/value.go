// Package secret holds what must never be shown.
//
// A [Value] keeps its bytes behind a closure: fmt's verbs, JSON, gob, slog and
// every printer that walks a struct by reflection, through unexported fields
// too, find a function's address and nothing else. A string-backed type with a
// String method would not do: fmt does not call methods on what it finds in an
// unexported field.
//
// [Value.Reveal] is the one way to the bytes. The architecture test names the
// packages that may call it: those that read a value, judge it or hand it on.
package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// redacted is what every attempt to print a value or a key shows.
const redacted = "[secret]"

// A Value is a secret's bytes. The zero Value is empty and absent.
type Value struct{ reveal func() []byte }

// New wraps bytes. The caller gives the slice away and must not change it.
func New(b []byte) Value {
	if len(b) == 0 {
		return Value{}
	}
	return Value{reveal: func() []byte { return b }}
}

// Reveal gives the bytes; they must not be changed.
func (v Value) Reveal() []byte {
	if v.reveal == nil {
		return nil
	}
	return v.reveal()
}

// IsEmpty tells whether there is nothing in it.
func (v Value) IsEmpty() bool { return v.reveal == nil }

// Len is the value's length in bytes.
func (v Value) Len() int { return len(v.Reveal()) }

// Format answers every verb alike.
func (Value) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, redacted) }

// String serves those who do not go through fmt.
func (Value) String() string { return redacted }

// MarshalText covers JSON, XML and flags.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue covers slog.
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// Equal compares two values without telling how far they agree.
func (v Value) Equal(w Value) bool { return subtle.ConstantTimeCompare(v.Reveal(), w.Reveal()) == 1 }
