package report

import (
	"fmt"
	"strings"
)

// counts writes the last line, which sums up.
func (t *text) counts(r Report) {
	s := r.Summary
	switch {
	case r.Command == "check", r.ExitCode == invalid:
		found := tally(s)
		t.line("%s", strings.ToUpper(found[:1])+found[1:])
		return
	case r.Command == "drift":
		t.line("%s: %d in sync, %d unverified; %s; %s", t.in(bold, "drift"), s.InSync, s.Unverified, tally(s), cost(s))
		return
	}
	parts := t.planned(s)
	if r.Command == "sync" {
		parts = t.written(r.Changes)
	}
	parts = append(parts, fmt.Sprintf("%d in sync", s.InSync), fmt.Sprintf("%d unverified", s.Unverified))
	t.line("%s: %s; %s; %s", t.in(bold, clean(r.Command)), strings.Join(parts, ", "), tally(s), cost(s))
}

// planned counts what a plan would do.
func (t *text) planned(s Summary) []string {
	return []string{t.count(green, s.Create, "to create"), t.count(yellow, s.Update, "to update"), t.count(red, s.Delete, "to delete")}
}

// written counts what a sync has done, and what it has not.
func (t *text) written(changes []Change) []string {
	n := map[string]int{}
	for _, c := range changes {
		key := c.Result
		if key == "done" {
			key = c.Action
		}
		n[key]++
	}
	parts := []string{t.count(green, n["create"], "created"), t.count(yellow, n["update"], "updated"), t.count(red, n["delete"], "deleted")}
	if n["failed"] > 0 {
		parts = append(parts, t.count(bold+";"+red, n["failed"], "failed"))
	}
	if n["not_tried"] > 0 {
		parts = append(parts, t.count(yellow, n["not_tried"], "not tried"))
	}
	return parts
}

// count writes a number and its word, in colour where there is any.
func (t *text) count(colour string, n int, word string) string {
	text := fmt.Sprintf("%d %s", n, word)
	if n == 0 {
		return text
	}
	return t.in(colour, text)
}

// tally counts the findings in words.
func tally(s Summary) string {
	if s.Errors == 0 && s.Warnings == 0 {
		return "no errors, no warnings"
	}
	return number(s.Errors, "error") + ", " + number(s.Warnings, "warning")
}

// cost says what the run asked of the targets.
func cost(s Summary) string {
	return number(s.Requests, "request") + ", " + number(s.Writes, "write")
}

func number(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
