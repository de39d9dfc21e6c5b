package report

import (
	"encoding/json"
	"io"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// document is the JSON form; schemas/report.schema.json describes it.
type document struct {
	Version  int        `json:"version"`
	Command  string     `json:"command"`
	ExitCode int        `json:"exit_code"`
	Summary  Summary    `json:"summary"`
	Changes  []Change   `json:"changes"`
	Findings []jsonFind `json:"findings"`
}

// jsonFind is a finding; what does not apply is left out.
type jsonFind struct {
	Rule        string           `json:"rule"`
	Severity    finding.Severity `json:"severity"`
	Message     string           `json:"message"`
	File        string           `json:"file,omitempty"`
	Line        int              `json:"line,omitempty"`
	Column      int              `json:"column,omitempty"`
	Commit      string           `json:"commit,omitempty"`
	Target      string           `json:"target,omitempty"`
	Scope       string           `json:"scope,omitempty"`
	Name        string           `json:"name,omitempty"`
	Environment string           `json:"environment,omitempty"`
	Help        string           `json:"help,omitempty"`
}

// JSON writes a report as one JSON document.
func JSON(w io.Writer, r Report) error {
	d := document{Version: 1, Command: r.Command, ExitCode: r.ExitCode, Summary: r.Summary,
		Changes: r.Changes, Findings: make([]jsonFind, 0, len(r.Findings))}
	if d.Changes == nil {
		d.Changes = []Change{}
	}
	for _, f := range r.Findings {
		d.Findings = append(d.Findings, jsonFind{
			Rule: f.Rule, Severity: f.Severity, Message: f.Message, Help: f.Help,
			File: f.Position.File, Line: f.Position.Line, Column: f.Position.Column, Commit: f.Commit,
			Target: f.Target, Scope: f.Scope, Name: f.Name, Environment: f.Environment,
		})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(d)
}
