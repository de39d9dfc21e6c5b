package report

import (
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// unverified is the rule whose findings a plan shows among its changes.
const unverified = "unverified"

// A row is one line of a plan.
type row struct {
	target, scope string
	action        string // create, update, delete, unverified
	name          string
	why           string
	result        string
	help          string
}

// rows gives the changes, and the placements that nothing can be said of,
// grouped by target and scope, the groups in the order in which they appear.
func rows(r Report) []row {
	var out []row
	for _, c := range r.Changes {
		why := c.Reason
		if len(c.Attributes) > 0 {
			why += ": " + strings.Join(c.Attributes, ", ")
		}
		out = append(out, row{c.Target, c.Scope, c.Action, c.Name, why, c.Result, ""})
	}
	for _, f := range r.Findings {
		if isRow(r.Command, f) {
			out = append(out, row{f.Target, f.Scope, unverified, f.Name, f.Message, "", f.Help})
		}
	}
	rank := map[[2]string]int{}
	for _, at := range out {
		if _, seen := rank[[2]string{at.target, at.scope}]; !seen {
			rank[[2]string{at.target, at.scope}] = len(rank)
		}
	}
	slices.SortStableFunc(out, func(a, b row) int {
		return rank[[2]string{a.target, a.scope}] - rank[[2]string{b.target, b.scope}]
	})
	return out
}

// isRow tells a finding that a plan shows as a line of its own from one that
// is shown as a diagnostic.
func isRow(command string, f finding.Finding) bool {
	return (command == "plan" || command == "sync") && f.Rule == unverified && f.Target != "" && f.Scope != "" && f.Name != ""
}

// plan writes the rows, a heading for each target and scope.
func (t *text) plan(all []row) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].target == all[0].target && all[n].scope == all[0].scope {
			n++
		}
		t.group(all[:n])
		all = all[n:]
	}
}

// group writes the rows of one scope. A help that several share is said once,
// after the last of them.
func (t *text) group(rows []row) {
	t.line("%s %s", t.in(bold, clean(rows[0].target)), clean(rows[0].scope))
	actions, names := 0, 0
	for _, r := range rows {
		actions = max(actions, width(r.action))
		names = max(names, width(r.name))
	}
	for i, r := range rows {
		sign, colour := t.mark(r.action)
		t.line("  %s%s  %s%s  %s%s", t.in(colour, sign+" "+clean(r.action)), pad(r.action, actions),
			clean(r.name), pad(r.name, names), t.in(dim, clean(r.why)), t.outcome(r.result))
		if r.help != "" && (i+1 == len(rows) || rows[i+1].help != r.help) {
			t.line("    %s %s", t.in(blue, "= help:"), clean(r.help))
		}
	}
	t.line("")
}

func (t *text) outcome(result string) string {
	switch result {
	case "failed":
		return "  " + t.in(bold+";"+red, "failed")
	case "not_tried":
		return "  " + t.in(yellow, "not tried")
	}
	return ""
}

func width(text string) int { return len([]rune(clean(text))) }

func pad(text string, to int) string { return strings.Repeat(" ", max(to-width(text), 0)) }
