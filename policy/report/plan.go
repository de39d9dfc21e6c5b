package report

import (
	"fmt"
	"strings"
)

// plan writes the changes, grouped by target and scope.
func (t *text) plan(r Report) {
	target, scope := "", ""
	for i, c := range r.Changes {
		if i == 0 || c.Target != target || c.Scope != scope {
			if i > 0 {
				t.line("")
			}
			target, scope = c.Target, c.Scope
			t.line("%s %s", t.in(bold, clean(target)), clean(scope))
		}
		t.change(c, widest(r.Changes, target, scope))
	}
	if len(r.Changes) > 0 {
		t.line("")
	}
}

func (t *text) change(c Change, width int) {
	sign, colour := t.mark(c.Action)
	reason := c.Reason
	if len(c.Attributes) > 0 {
		reason += ": " + strings.Join(c.Attributes, ", ")
	}
	name := clean(c.Name)
	pad := strings.Repeat(" ", max(width-len([]rune(name)), 0))
	outcome := ""
	switch c.Result {
	case "failed":
		outcome = "  " + t.in(bold+";"+red, "failed")
	case "not_tried":
		outcome = "  " + t.in(yellow, "not tried")
	}
	t.line("  %s  %s%s  %s%s", t.in(colour, sign+" "+c.Action), name, pad, t.in(dim, clean(reason)), outcome)
}

func widest(changes []Change, target, scope string) int {
	width := 0
	for _, c := range changes {
		if c.Target == target && c.Scope == scope {
			width = max(width, len([]rune(clean(c.Name))))
		}
	}
	return width
}

// counts writes the last line, which sums up.
func (t *text) counts(r Report) {
	s := r.Summary
	found := tally(s)
	switch r.Command {
	case "check":
		t.line("%s", capital(found))
	case "drift":
		t.line("%s: %d in sync, %d unverified; %s", t.in(bold, "drift"), s.InSync, s.Unverified, found)
	default:
		t.line("%s: %s, %s, %s, %d in sync, %s; %s", t.in(bold, r.Command),
			t.tinted(green, s.Create, "to create", "created", r), t.tinted(yellow, s.Update, "to update", "updated", r),
			t.tinted(red, s.Delete, "to delete", "deleted", r), s.InSync, fmt.Sprintf("%d unverified", s.Unverified), found)
	}
}

// tinted counts what a plan would do, or what a sync has done.
func (t *text) tinted(colour string, n int, future, past string, r Report) string {
	word := future
	if r.Command == "sync" && done(r.Changes) {
		word = past
	}
	if n == 0 {
		return fmt.Sprintf("%d %s", n, word)
	}
	return t.in(colour, fmt.Sprintf("%d %s", n, word))
}

// done tells a sync that wrote from one that was kept from writing.
func done(changes []Change) bool {
	for _, c := range changes {
		if c.Result != "done" {
			return false
		}
	}
	return true
}

// tally counts the findings in words.
func tally(s Summary) string {
	if s.Errors == 0 && s.Warnings == 0 {
		return "no errors, no warnings"
	}
	return number(s.Errors, "error") + ", " + number(s.Warnings, "warning")
}

func number(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
