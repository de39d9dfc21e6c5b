package values

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/secret"
)

// minTelling is the length in bytes from which two secrets of different names
// that are equal are one key, and not both "postgres" or "5432".
const minTelling = 12

// Shared reports the keys that open more than one environment: one finding for
// each key, which names all the places that hold it.
//
// Values are compared by fingerprints under a key that lives no longer than
// this call, white space at their ends left out.
func Shared(bound []Bound, now time.Time) []finding.Finding {
	var findings []finding.Finding
	for _, ends := range equal(bound) {
		if f, found := sharedKey(ends, now); found {
			findings = append(findings, f)
		}
	}
	return findings
}

// equal groups what has one value; groups and members are in the order given.
func equal(bound []Bound) [][]Bound {
	key := secret.NewKey()
	groups := map[secret.Fingerprint][]Bound{}
	var order []secret.Fingerprint
	for _, b := range bound {
		trimmed := secret.New(bytes.TrimSpace(b.Value.Reveal()))
		if trimmed.IsEmpty() || !b.Secret.Sensitive {
			continue
		}
		mark := key.Fingerprint(trimmed)
		if groups[mark] == nil {
			order = append(order, mark)
		}
		groups[mark] = append(groups[mark], b)
	}
	out := make([][]Bound, 0, len(order))
	for _, mark := range order {
		out = append(out, groups[mark])
	}
	return out
}

// sharedKey judges one value by the worst pair of the places that hold it.
func sharedKey(ends []Bound, now time.Time) (finding.Finding, bool) {
	var worst finding.Severity
	var offending []Bound
	for i, a := range ends {
		for _, b := range ends[i+1:] {
			if !offends(a, b, now) {
				continue
			}
			worst = max(worst, policy.Across(a.Environment.Tier, b.Environment.Tier))
			offending = append(offending, a, b)
		}
	}
	if len(offending) == 0 {
		return finding.Finding{}, false
	}
	places := namePlaces(offending)
	at := mostExposed(offending)
	f := at.finding("shared-key", "one key opens "+strings.Join(places, " and "),
		"make a key of its own for each environment; where that cannot be, say why: "+policy.Excuse("shared-key", other(offending, at).Secret, at.Secret))
	f.Severity = worst
	for _, b := range offending {
		if b.Secret != at.Secret && !slices.Contains(f.Also, b.Secret.Name) {
			f.Also = append(f.Also, b.Secret.Name)
		}
	}
	return f, true
}

// other gives an end of another secret, if there is one.
func other(ends []Bound, than Bound) Bound {
	if i := slices.IndexFunc(ends, func(b Bound) bool { return b.Secret != than.Secret }); i >= 0 {
		return ends[i]
	}
	return than
}

// offends tells whether two equal values should not be.
func offends(a, b Bound, now time.Time) bool {
	if a.Environment.Name == b.Environment.Name {
		return false // two names for one key within an environment
	}
	if a.Secret != b.Secret {
		return len(bytes.TrimSpace(a.Value.Reveal())) >= minTelling
	}
	return a.Secret.Shared == nil || !now.Before(a.Secret.Shared.Until)
}

// namePlaces lists the places; where all are of one secret, which the finding
// is about, by their environments alone.
func namePlaces(ends []Bound) []string {
	one := !slices.ContainsFunc(ends, func(b Bound) bool { return b.Secret != ends[0].Secret })
	var places []string
	for _, b := range ends {
		place := fmt.Sprintf("%s in %s", b.Secret.Name, b.Environment.Name)
		if one {
			place = b.Environment.Name
		}
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	slices.Sort(places)
	return places
}

// mostExposed picks the end that the finding points at: production's, since
// that is the key to replace.
func mostExposed(ends []Bound) Bound {
	return slices.MinFunc(ends, func(a, b Bound) int {
		return cmp.Or(
			cmp.Compare(rank(a.Environment.Tier), rank(b.Environment.Tier)),
			a.Secret.Position.Compare(b.Secret.Position),
			cmp.Compare(a.Environment.Name, b.Environment.Name))
	})
}

func rank(t policy.Tier) int {
	return slices.Index([]policy.Tier{policy.Production, policy.Staging, policy.Test, policy.Development}, t)
}
