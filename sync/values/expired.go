package values

import (
	"fmt"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// soon is how long before its end a value is announced to be expiring.
const soon = 14 * 24 * time.Hour

// Expired reports the values whose life ends, by what their source says.
func Expired(bound []Bound, now time.Time) []finding.Finding {
	var findings []finding.Finding
	for _, b := range bound {
		if b.Value.IsEmpty() || b.Expires.IsZero() {
			continue
		}
		end := b.Expires.UTC().Format(time.DateTime) + " UTC"
		const help = "put a new value into the source, and its date with it"
		switch left := b.Expires.Sub(now); {
		case left <= 0:
			findings = append(findings, b.finding("expired-value",
				fmt.Sprintf("its source says that the value in %s expired at %s", b.Binding.Environment, end), help+b.Secret.BelongsTo(b.Owner)))
		case left <= soon:
			findings = append(findings, b.finding("expiring-value",
				fmt.Sprintf("its source says that the value in %s expires at %s", b.Binding.Environment, end), help+b.Secret.BelongsTo(b.Owner)))
		}
	}
	return findings
}
