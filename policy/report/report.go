// Package report writes what a command found: as text for people, as JSON for
// programs, and in the two formats that GitLab shows in a merge request and a
// pipeline.
//
// A report is plain strings and numbers, made by who ran the command; nothing
// here knows of plans or stores. Text goes to terminals and CI logs, so what
// came from files and servers is cleaned of all that a terminal would obey.
package report

import (
	"fmt"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// A Report is what one command found and did.
type Report struct {
	Command  string
	ExitCode int
	Summary  Summary
	Changes  []Change
	Findings []finding.Finding
	Policy   string // the policy's file, for what is wrong at no place of its own; may be empty
}

// invalid is the exit code of a policy that could not be understood, so that
// nothing was looked at. Those above it are of runs that were cut short.
const invalid = 2

// incomplete tells whether the run was cut short: that it found nothing more
// does not say that there is nothing.
func (r Report) incomplete() bool { return r.ExitCode > invalid }

// shortfall says so in a report that has no other place for it.
func (r Report) shortfall() finding.Finding {
	return finding.Finding{Rule: "incomplete-run", Severity: finding.Error, Help: "the job's log says why",
		Message: fmt.Sprintf("keyplumb %s did not come to its end (exit code %d), and what it did not look at may not be in order", r.Command, r.ExitCode)}
}

// Summary counts. Requests and Writes are those made to targets, retries
// included.
type Summary struct {
	Create     int `json:"create"`
	Update     int `json:"update"`
	Delete     int `json:"delete"`
	InSync     int `json:"in_sync"`
	Unverified int `json:"unverified"`
	Errors     int `json:"errors"`
	Warnings   int `json:"warnings"`
	Requests   int `json:"requests"`
	Writes     int `json:"writes"`
}

// A Change is one write that a plan would make, or that a sync made.
type Change struct {
	Action      string   `json:"action"` // create, update, delete
	Target      string   `json:"target"`
	Scope       string   `json:"scope"`
	Name        string   `json:"name"`
	Environment string   `json:"environment,omitempty"`
	Reason      string   `json:"reason"`
	Attributes  []string `json:"attributes,omitempty"` // with reason misconfigured
	Result      string   `json:"result,omitempty"`     // under sync: done, failed, not_tried
}

// Count enters the findings in the summary.
func (r *Report) Count() {
	r.Summary.Errors, r.Summary.Warnings = 0, 0
	for _, f := range r.Findings {
		switch f.Severity {
		case finding.Error:
			r.Summary.Errors++
		case finding.Warning:
			r.Summary.Warnings++
		}
	}
}
