// Package finding is the one currency of every check: a rule, broken at a
// place, with what to do about it.
//
// Checks return findings and decide nothing; what a finding costs (the exit
// code, a colour, an annotation) is decided once, by those who print them. A
// finding never carries a secret value: its fields are names, positions and
// texts that were built from names and positions.
package finding

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity ranks a finding. The zero value is Info.
type Severity int

// The severities, from the mildest.
const (
	Info Severity = iota
	Warning
	Error
)

var severityNames = [...]string{"info", "warning", "error"}

// String gives the word that policies and reports use.
func (s Severity) String() string {
	if s < Info || s > Error {
		return fmt.Sprintf("severity(%d)", int(s))
	}
	return severityNames[s]
}

// MarshalText makes a severity read as its word in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity reads "info", "warning" or "error".
func ParseSeverity(word string) (Severity, bool) {
	i := slices.Index(severityNames[:], word)
	return Severity(i), i >= 0
}

// Position is a place in a file of the repository. Lines and columns count
// from one; a zero line means the whole file, an empty file no place at all.
type Position struct {
	File   string // slash-separated, relative to the repository's root
	Line   int
	Column int // in bytes, as compilers count
}

// IsValid tells whether the position names a file.
func (p Position) IsValid() bool { return p.File != "" }

// String gives file:line:column, leaving out what is not known.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Compare orders positions by file, line and column.
func (p Position) Compare(q Position) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// A Finding is one broken rule.
type Finding struct {
	Rule     string // a slug of the catalogue, or "policy" for a mistake in the policy itself
	Severity Severity
	Message  string // one sentence, lower case, no full stop
	Help     string // what to do next; may be empty

	Position Position
	End      Position // where an underline ends, exclusive; zero where unknown
	Commit   string   // only for findings in the history

	// What the finding is about, as far as it applies.
	Target      string   // the target's name in the policy
	Scope       string   // environment:<name>, repository, organization, project:<scope> …
	Name        string   // the name that CI sees
	Secret      string   // the entry's name in the policy
	Also        []string // other entries that it is as much about: an allowance for one of them counts
	Environment string
}

// Sort orders findings by position, then by what they are about, so that the
// same run always reads the same.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			a.Position.Compare(b.Position),
			cmp.Compare(a.Target, b.Target),
			cmp.Compare(a.Scope, b.Scope),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Environment, b.Environment),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

// Worst gives the highest severity among the findings, and false where there
// are none.
func Worst(findings []Finding) (Severity, bool) {
	if len(findings) == 0 {
		return Info, false
	}
	worst := Info
	for _, f := range findings {
		worst = max(worst, f.Severity)
	}
	return worst, true
}
