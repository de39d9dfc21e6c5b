package report

import (
	"fmt"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// named is how many of those that a note is about are named.
const named = 5

// A note gathers the findings below an error that say the same of one place: a
// policy without owners, or a store full of what no policy names, would else
// bury what matters under a diagnostic for each secret.
type note struct {
	finding.Finding
	about []string
}

// notes gathers those of one severity, in the order in which they first
// appear.
func notes(findings []finding.Finding, severity finding.Severity) []*note {
	var out []*note
	at := map[[5]string]*note{}
	for _, f := range findings {
		if f.Severity != severity {
			continue
		}
		key := [5]string{f.Rule, f.Message, generic(f.Help, f), f.Target, f.Scope}
		if at[key] == nil {
			at[key] = &note{Finding: f}
			out = append(out, at[key])
		}
		at[key].about = append(at[key].about, subject(f))
	}
	return out
}

// generic takes the secret's own name out of a help, which may be the only
// difference between two.
func generic(help string, f finding.Finding) string {
	if f.Secret == "" {
		return help
	}
	return strings.ReplaceAll(help, f.Secret, "")
}

// note writes one: a single finding as it is, of several the first one's place.
func (t *text) note(n *note) {
	if len(n.about) == 1 {
		t.finding(n.Finding)
		return
	}
	list := strings.Join(n.about[:min(named, len(n.about))], ", ")
	if more := len(n.about) - named; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	if where := strings.TrimSpace(n.Target + " " + n.Scope); where != "" {
		list += " in " + where
	}
	t.line("%s: %s", t.severity(n.Severity, n.Severity.String()+"["+clean(n.Rule)+"]"), t.in(bold, clean(list+": "+n.Message)))
	if n.Position.IsValid() {
		t.line("  %s %s and on", t.in(blue, "-->"), clean(n.Position.String()))
	}
	if n.Help != "" {
		t.line("  %s %s", t.in(blue, "= help:"), clean(n.Help))
	}
	t.line("")
}
