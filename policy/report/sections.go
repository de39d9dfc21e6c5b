package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// folded is from how many lines on a plan is shown folded.
const folded = 25

// A section is a part of a text that GitLab's job log can fold.
// https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
//
// What begins and ends one is an escape sequence. No text that a report shows
// has one left in it (see clean), so that no name can end a section, or begin
// another.
type section struct {
	name   string // letters, digits, and _ . -; one command's differ from another's in the same log
	header string // "" where there is nothing to put into it
	closed bool
}

// section writes what write writes, in GitLab's log under a header.
func (t *text) section(s section, write func()) {
	if t.clock == nil || s.header == "" {
		write()
		return
	}
	options := ""
	if s.closed {
		options = "[collapsed=true]"
	}
	t.line("\x1b[0Ksection_start:%d:%s%s\r\x1b[0K%s", t.clock().Unix(), s.name, options, t.in(bold, s.header))
	write()
	t.line("\x1b[0Ksection_end:%d:%s\r\x1b[0K", t.clock().Unix(), s.name)
}

// findingsSection is never folded: what is wrong has to be seen.
func findingsSection(command string, shown []finding.Finding) section {
	n := map[finding.Severity]int{}
	for _, f := range shown {
		n[f.Severity]++
	}
	return section{name: sectionName(command, "findings"), header: header("Findings",
		some(n[finding.Error], "error"), some(n[finding.Warning], "warning"), some(n[finding.Info], "note"))}
}

// planSection is folded where the plan is long and nothing in it is bad news.
func planSection(command string, rows []row) section {
	n, bad := map[string]int{}, false
	for _, r := range rows {
		n[r.action]++
		bad = bad || r.action == unverified || r.result == "failed" || r.result == "not_tried"
	}
	var counts []string
	for _, count := range []struct{ action, words string }{
		{"create", "to create"}, {"update", "to update"}, {"delete", "to delete"}, {unverified, unverified}} {
		if n[count.action] > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n[count.action], count.words))
		}
	}
	return section{name: sectionName(command, "plan"), header: header("Plan", counts...), closed: len(rows) >= folded && !bad}
}

// restSection is of what did not come about of a plan that was shown before.
func restSection(command string, rows []row) section {
	s := planSection(command, rows)
	s.name, s.header = sectionName(command, "rest"), strings.Replace(s.header, "Plan", "Not written", 1)
	return s
}

// header puts the counts that there are behind a title; without any it is "".
func header(title string, counts ...string) string {
	counts = slices.DeleteFunc(counts, func(text string) bool { return text == "" })
	if len(counts) == 0 {
		return ""
	}
	return title + ": " + strings.Join(counts, ", ")
}

func some(n int, word string) string {
	if n == 0 {
		return ""
	}
	return number(n, word)
}

func sectionName(command, part string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r == '_' {
			return r
		}
		return '-'
	}, "keyplumb_"+command+"_"+part)
}
