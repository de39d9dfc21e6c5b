package plan

import (
	"fmt"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// soon is the part of its time after which a value is announced to be due.
const soon = 0.8

// rotation reports a value that has not changed for longer than the policy
// lets it. Its age is that of its last change, as the ledger remembers it: a
// rewrite of the same value makes nothing younger. What no ledger remembers is
// as old as the source's version; where the source has none, nothing is said.
func (p *Plan) rotation(s *Scope, d *Desired, now time.Time) {
	changed := d.Changed
	if entry, known := s.entry(d.ID); known && entry.Settled != nil && entry.Settled.Changed != 0 {
		changed = time.Unix(entry.Settled.Changed, 0)
	}
	age := now.Sub(changed)
	if changed.IsZero() || d.Secret.Rotate == 0 || !d.Secret.Sensitive {
		return
	}
	var rule string
	switch {
	case age > d.Secret.Rotate:
		rule = "stale-rotation"
	case age > time.Duration(soon*float64(d.Secret.Rotate)):
		rule = "rotate-soon"
	default:
		return
	}
	r, _ := finding.Lookup(rule)
	p.find(s, d, finding.Finding{Rule: r.ID, Severity: r.Default,
		Help:    "make a new key at its issuer, put it into the source, and run keyplumb sync" + d.Secret.BelongsTo(d.Owner),
		Message: fmt.Sprintf("its value is %s old, and is to be replaced every %s", days(age), days(d.Secret.Rotate))})
}

// days writes a time in days, or in hours below two days.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
