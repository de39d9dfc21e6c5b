package report

import (
	"encoding/json"
	"io"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// degradation is an entry of GitLab's Code Quality report.
// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
type degradation struct {
	Description string   `json:"description"`
	CheckName   string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"`
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

// GitLab writes a report as GitLab's Code Quality has it: an entry for each
// finding, and one more where the run was cut short, for an empty list would
// tell GitLab that all is resolved. Changes are not in it: what a plan would
// write is no fault of the code.
func GitLab(w io.Writer, r Report) error {
	found := r.Findings
	if r.incomplete() {
		found = append(found[:len(found):len(found)], r.shortfall())
	}
	known := identities{}
	entries := make([]degradation, 0, len(found)) // never null
	for _, f := range found {
		file, line := r.place(f)
		entry := degradation{Description: describe(f), CheckName: clean(f.Rule), Fingerprint: known.fingerprint(f, file),
			Severity: gitlabSeverity(f.Severity), Location: location{Path: clean(file)}}
		entry.Location.Lines.Begin = line
		entries = append(entries, entry)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(entries)
}

// describe says in one line all that GitLab has no field for.
func describe(f finding.Finding) string {
	text := clean(sentence(f)) + commit(f) + " [" + clean(f.Rule) + "]"
	if f.Help != "" {
		text += "; " + clean(f.Help)
	}
	return text
}

// gitlabSeverity gives the word for a severity; GitLab has info, minor, major,
// critical and blocker.
func gitlabSeverity(s finding.Severity) string {
	switch s {
	case finding.Error:
		return "critical"
	case finding.Warning:
		return "minor"
	default:
		return "info"
	}
}
