package engine

import (
	"bytes"

	"github.com/keyplumb/keyplumb/policy/scan"
)

// minMention is the length below which a value cannot be told from the words
// of a text.
const minMention = 5

// Mentions tells whether a text holds one of the secret values that were read,
// in any of its forms. A policy can hold one, in a constraint or by mistake:
// what quotes the policy asks here first.
func (r *Run) Mentions(text []byte) bool {
	r.mentionable.Do(func() {
		var long [][]byte
		for _, b := range r.boundValues() {
			value := bytes.TrimSpace(b.Value.Reveal())
			switch {
			case !b.Secret.Sensitive || len(value) < minMention:
			case len(value) < scan.MinLength:
				r.short = append(r.short, value)
			default:
				long = append(long, value)
			}
		}
		r.long, _ = scan.NewKnown(long) // none of them is too short
	})
	for _, value := range r.short {
		if bytes.Contains(text, value) {
			return true
		}
	}
	return len(r.long.Find(text)) > 0
}
