package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// TextOptions say how text is to look.
type TextOptions struct {
	Color bool
	// Source gives a file whose lines may be quoted: the policy's, and no
	// other, since any other might hold a value. It may be nil.
	Source func(file string) ([]byte, bool)
	// PlanShown says that the reader has seen the plan already, by [Plan]: only
	// the changes that did not come about are told again.
	PlanShown bool
	// GitLabClock has the parts put into sections that GitLab's job log can
	// fold, stamped with the time that it tells. Without it there are none.
	GitLabClock func() time.Time
}

// Text writes a report for people: the findings, the gravest last, where the
// eye is when all is printed; the plan; one line of counts.
func Text(w io.Writer, r Report, o TextOptions) error {
	t := newText(o)
	shown := slices.DeleteFunc(slices.Clone(r.Findings), func(f finding.Finding) bool { return isRow(r.Command, f) })
	t.section(findingsSection(r.Command, shown), func() { t.findings(shown) })
	all, part := rows(r), planSection
	if o.PlanShown {
		all, part = slices.DeleteFunc(all, func(r row) bool { return r.result == "" || r.result == "done" }), restSection
	}
	t.section(part(r.Command, all), func() { t.plan(all) })
	t.counts(r)
	_, err := w.Write(t.out.Bytes())
	return err
}

// Plan writes the plan alone, before it is carried out.
func Plan(w io.Writer, r Report, o TextOptions) error {
	t := newText(o)
	all := rows(r)
	t.section(planSection(r.Command, all), func() { t.plan(all) })
	_, err := w.Write(t.out.Bytes())
	return err
}

// text is a report in the making.
type text struct {
	style
	out    bytes.Buffer
	source func(string) ([]byte, bool)
	clock  func() time.Time
}

func newText(o TextOptions) *text {
	return &text{style: style(o.Color), source: o.Source, clock: o.GitLabClock}
}

func (t *text) line(format string, args ...any) { fmt.Fprintf(&t.out, format+"\n", args...) }

// findings writes the diagnostics: what is below an error gathered, errors one
// by one.
func (t *text) findings(shown []finding.Finding) {
	for _, severity := range []finding.Severity{finding.Info, finding.Warning} {
		for _, n := range notes(shown, severity) {
			t.note(n)
		}
	}
	for _, f := range shown {
		if f.Severity == finding.Error {
			t.finding(f)
		}
	}
}

// finding writes one diagnostic.
func (t *text) finding(f finding.Finding) {
	t.line("%s: %s", t.severity(f.Severity, f.Severity.String()+"["+clean(f.Rule)+"]"), t.in(bold, clean(sentence(f))))
	if f.Position.IsValid() {
		t.line("  %s %s%s", t.in(blue, "-->"), clean(f.Position.String()), commit(f))
	}
	t.quote(f)
	if f.Help != "" {
		t.line("  %s %s", t.in(blue, "= help:"), clean(f.Help))
	}
	t.line("")
}

// sentence puts what a finding is about in front of what is wrong with it.
func sentence(f finding.Finding) string {
	if about := topic(f); about != "" {
		return about + ": " + f.Message
	}
	return f.Message
}

// topic names what a finding is about and where that is; "" is nothing that has
// a name.
func topic(f finding.Finding) string {
	subject := subject(f)
	where := f.Scope
	if f.Target != "" && f.Scope != "" {
		where = f.Target + " " + f.Scope
	}
	if subject != "" && where != "" {
		return subject + " in " + where
	}
	return subject + where
}

// subject names what a finding is about.
func subject(f finding.Finding) string {
	if f.Name != "" {
		return f.Name
	}
	return f.Secret
}

func commit(f finding.Finding) string {
	if f.Commit == "" {
		return ""
	}
	return " in commit " + clean(f.Commit)
}

// quote shows the line and underlines the place.
func (t *text) quote(f finding.Finding) {
	if t.source == nil || f.Position.Line == 0 || f.Commit != "" {
		return
	}
	content, ok := t.source(f.Position.File)
	if !ok {
		return
	}
	lines := bytes.Split(content, []byte("\n"))
	if f.Position.Line > len(lines) {
		return
	}
	quoted := strings.TrimRight(string(lines[f.Position.Line-1]), "\r")
	number := fmt.Sprint(f.Position.Line)
	gutter := strings.Repeat(" ", len(number))
	t.line(" %s %s", gutter, t.in(blue, "|"))
	t.line(" %s %s %s", t.in(blue, number), t.in(blue, "|"), clean(quoted))
	if under, ok := underline(quoted, f); ok {
		t.line(" %s %s %s", gutter, t.in(blue, "|"), t.severity(f.Severity, under))
	}
}

// underline marks the place in a line, from its column to its end where that
// is known and on the same line.
func underline(line string, f finding.Finding) (string, bool) {
	start := f.Position.Column - 1
	if start < 0 || start > len(line) || start > longest {
		return "", false
	}
	width := 1
	switch {
	case f.End.Line == f.Position.Line && f.End.Column > f.Position.Column:
		width = utf8.RuneCountInString(line[start:min(f.End.Column-1, len(line))])
	case f.End.Line == 0:
		width = wordLength(line[start:])
	}
	return strings.Repeat(" ", utf8.RuneCountInString(line[:start])) + strings.Repeat("^", max(width, 1)), true
}

// wordLength measures the identifier or quoted string that a text begins with.
func wordLength(text string) int {
	if rest, quoted := strings.CutPrefix(text, `"`); quoted {
		if end := strings.IndexByte(rest, '"'); end >= 0 {
			return utf8.RuneCountInString(rest[:end]) + 2
		}
	}
	n := 0
	for _, r := range text {
		if r != '_' && r != '$' && r != '#' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		n++
	}
	return n
}
