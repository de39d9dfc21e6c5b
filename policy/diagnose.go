package policy

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue/errors"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// mistakes collects what is wrong with a policy. A mistake that reaches many
// values, as one in a pattern or a comprehension does, is told once: what tells
// two apart is the place and the kind of sentence.
type mistakes struct {
	home     finding.Position // where a mistake is told that has no place of its own
	findings []finding.Finding
	seen     map[told]bool
}

type told struct {
	at     finding.Position
	format string
}

func newMistakes(home string) *mistakes {
	return &mistakes{home: wholeFile(home), seen: map[told]bool{}}
}

// add notes a mistake: where, what to do, what is wrong.
func (m *mistakes) add(where span, help, format string, args ...any) {
	if !where.at.IsValid() {
		where = span{at: m.home}
	}
	key := told{where.at, format}
	if m.seen[key] {
		return
	}
	m.seen[key] = true
	m.findings = append(m.findings, finding.Finding{
		Rule:     finding.Policy,
		Severity: finding.Error,
		Message:  fmt.Sprintf(format, args...),
		Help:     help,
		Position: where.at,
		End:      where.end,
	})
}

func (m *mistakes) any() bool { return len(m.findings) > 0 }

func (m *mistakes) sorted() []finding.Finding {
	finding.Sort(m.findings)
	return m.findings
}

// guard calls into CUE where a bug of its own would end the process with a
// trace.
func (m *mistakes) guard(do func()) {
	defer func() {
		if recover() != nil {
			m.add(span{}, "simplify it, and tell CUE's authors", "CUE itself fails on this policy")
		}
	}()
	do()
}

// fallback tells an error of CUE's own that no check in Go knew.
func (m *mistakes) fallback(err errors.Error) {
	format, args := err.Msg()
	m.add(errorSpan(err), "", "%s", strings.TrimPrefix(strings.Join(err.Path(), ".")+": ", ": ")+fmt.Sprintf(format, args...))
}
