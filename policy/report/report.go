// Package report writes what a command found: as text for people, as JSON for
// programs.
//
// A report is plain strings and numbers, made by who ran the command; nothing
// here knows of plans or stores. Text goes to terminals and CI logs, so what
// came from files and servers is cleaned of all that a terminal would obey.
package report

import "github.com/keyplumb/keyplumb/policy/finding"

// A Report is what one command found and did.
type Report struct {
	Command  string
	ExitCode int
	Summary  Summary
	Changes  []Change
	Findings []finding.Finding
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
