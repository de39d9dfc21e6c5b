package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/keyplumb/keyplumb/policy/finding"
)

const policyText = `package keyplumb

secrets: {
	DATABASE_URL: {to: ["api"]}
	"STRIPE-KEY": {}
	GRÜN: {}
}
`

func source(name string) ([]byte, bool) { return []byte(policyText), name == "keyplumb.cue" }

func at(line, column int) finding.Position {
	return finding.Position{File: "keyplumb.cue", Line: line, Column: column}
}

// reports are one for each look that a report has.
func reports() map[string]Report {
	return map[string]Report{
		"check-clean": {Command: "check"},
		"check": {Command: "check", ExitCode: 1, Findings: []finding.Finding{
			{Rule: "no-owner", Severity: finding.Info, Message: "nobody owns it", Help: "add owner: \"…\"", Position: at(4, 2), Name: "DATABASE_URL", Secret: "DATABASE_URL"},
			{Rule: "policy", Severity: finding.Error, Message: "a secret's name has no dashes", Position: at(5, 2), End: at(5, 14)},
			{Rule: "broad-scope", Severity: finding.Warning, Message: "everybody gets it", Position: at(6, 2), Target: "api", Scope: "repository", Name: "GRÜN"},
			{Rule: "hardcoded-secret", Severity: finding.Error, Message: "a key is committed", Position: finding.Position{File: "config/app.env", Line: 1, Column: 5}, Commit: "0123abc"},
			{Rule: "policy-not-owned", Severity: finding.Warning, Message: "no code owner", Position: finding.Position{File: "keyplumb.cue"}},
		}},
		"plan": {Command: "plan", Summary: Summary{Create: 1, Update: 2, Delete: 1, InSync: 96, Unverified: 1, Requests: 2}, Changes: changes(""), Findings: []finding.Finding{
			{Rule: "unverified", Severity: finding.Error, Message: "it was there before keyplumb", Help: "take it over with --adopt OLD", Position: at(4, 2), Target: "api", Scope: "environment:prod", Name: "OLD"},
		}},
		"sync":        {Command: "sync", Summary: Summary{Create: 1, Update: 2, Delete: 1, Requests: 9, Writes: 6}, Changes: changes("done")},
		"sync-failed": {Command: "sync", ExitCode: 4, Summary: Summary{Create: 1, Update: 2, Delete: 1, Requests: 5, Writes: 2}, Changes: partly()},
		"drift": {Command: "drift", ExitCode: 1, Summary: Summary{InSync: 3, Requests: 2}, Findings: []finding.Finding{
			{Rule: "edited", Severity: finding.Error, Message: "it was changed since keyplumb wrote it", Position: at(4, 2), Target: "api", Scope: "environment:prod", Name: "DATABASE_URL", Environment: "prod"},
		}},
	}
}

func changes(result string) []Change {
	return []Change{
		{Action: "create", Target: "api", Scope: "environment:dev", Name: "DATABASE_URL", Environment: "dev", Reason: "missing", Result: result},
		{Action: "update", Target: "api", Scope: "environment:prod", Name: "DATABASE_URL", Environment: "prod", Reason: "stale", Result: result},
		{Action: "update", Target: "org", Scope: "organization", Name: "TOKEN", Environment: "prod", Reason: "misconfigured", Attributes: []string{"repositories", "visibility"}, Result: result},
		{Action: "delete", Target: "org", Scope: "organization", Name: "OLD", Reason: "extra", Result: result},
	}
}

func partly() []Change {
	c := changes("not_tried")
	c[0].Result, c[1].Result = "done", "failed"
	return c
}

// TestGolden holds the looks. KEYPLUMB_UPDATE=1 writes them anew; look at them.
func TestGolden(t *testing.T) {
	for name, r := range reports() {
		r.Count()
		t.Run(name, func(t *testing.T) {
			compare(t, name+".txt", asText(t, r, TextOptions{Source: source}))
			compare(t, name+".color.txt", strings.ReplaceAll(asText(t, r, TextOptions{Source: source, Color: true}), "\x1b", "␛"))
			compare(t, name+".json", asJSON(t, r))
			compare(t, name+".gitlab.json", asGitLab(t, r))
			compare(t, name+".junit.xml", asJUnit(t, r, finding.Error))
			compare(t, name+".sections.txt", visible.Replace(asText(t, r, TextOptions{Source: source, GitLabClock: noon})))
		})
	}
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("../../testdata/reports", name)
	if os.Getenv("KEYPLUMB_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // a golden file is for everyone to read
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file) //nolint:gosec // a name of this test's own
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", name, got)
	}
}

func asText(t *testing.T, r Report, o TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func asJSON(t *testing.T, r Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../schemas/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func validate(t *testing.T, schema *jsonschema.Schema, text string) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(document)
}

func TestJSONFollowsItsSchema(t *testing.T) {
	schema := compileSchema(t)
	for name, r := range reports() {
		if err := validate(t, schema, asJSON(t, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchemaIsStrict tries documents that the schema must refuse.
func TestSchemaIsStrict(t *testing.T) {
	schema := compileSchema(t)
	for name, breakIt := range map[string]func(map[string]any){
		"no version":             func(d map[string]any) { delete(d, "version") },
		"another version":        func(d map[string]any) { d["version"] = 2 },
		"no list":                func(d map[string]any) { delete(d, "findings") },
		"null list":              func(d map[string]any) { d["changes"] = nil },
		"unknown field":          func(d map[string]any) { d["value"] = "x" },
		"unknown exit code":      func(d map[string]any) { d["exit_code"] = 5 },
		"negative count":         func(d map[string]any) { d["summary"].(map[string]any)["create"] = -1 },
		"no count":               func(d map[string]any) { delete(d["summary"].(map[string]any), "writes") },
		"sync without result":    func(d map[string]any) { delete(d["changes"].([]any)[0].(map[string]any), "result") },
		"plan with result":       func(d map[string]any) { d["command"] = "plan" },
		"drift with changes":     func(d map[string]any) { d["command"] = "drift" },
		"unknown action":         func(d map[string]any) { d["changes"].([]any)[0].(map[string]any)["action"] = "rename" },
		"value in a change":      func(d map[string]any) { d["changes"].([]any)[0].(map[string]any)["value"] = "x" },
		"empty text":             func(d map[string]any) { d["changes"].([]any)[0].(map[string]any)["environment"] = "" },
		"finding without a rule": func(d map[string]any) { d["findings"] = []any{map[string]any{"severity": "error", "message": "m"}} },
		"finding with line only": func(d map[string]any) {
			d["findings"] = []any{map[string]any{"rule": "r", "severity": "error", "message": "m", "line": 1}}
		},
		"finding of no known kind": func(d map[string]any) {
			d["findings"] = []any{map[string]any{"rule": "r", "severity": "fatal", "message": "m"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var document map[string]any
			if err := json.Unmarshal([]byte(asJSON(t, reports()["sync"])), &document); err != nil {
				t.Fatal(err)
			}
			breakIt(document)
			broken, err := json.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			err = validate(t, schema, string(broken))
			if _, ok := errors.AsType[*jsonschema.ValidationError](err); !ok {
				t.Errorf("the schema takes it: %v", err)
			}
		})
	}
}

// TestHostileText puts what a terminal would obey into every string there is.
func TestHostileText(t *testing.T) {
	evil := "a\x1b[2J\x1b]0;x\x07b\r\nc\u202ed\u200be\u2028f\x9bg\xff\x00" + strings.Repeat("w", 5000)
	r := Report{Command: "sync", Changes: []Change{
		{Action: evil, Target: evil, Scope: evil, Name: evil, Environment: evil, Reason: evil, Attributes: []string{evil, evil}, Result: evil},
	}, Findings: []finding.Finding{
		{Rule: evil, Severity: finding.Error, Message: evil, Help: evil, Commit: evil, Target: evil, Scope: evil, Name: evil, Environment: evil, Position: finding.Position{File: evil, Line: 1, Column: 3}},
		{Rule: "policy", Message: "m", Position: finding.Position{File: "evil.cue", Line: 1, Column: 4000}},
		{Rule: "policy", Message: "m", Position: finding.Position{File: "evil.cue", Line: 1, Column: 2}},
		{Rule: "policy", Message: "m", Position: finding.Position{File: "evil.cue", Line: 99, Column: -5}},
	}}
	got := asText(t, r, TextOptions{Source: func(string) ([]byte, bool) { return []byte(evil), true }})
	for line := range strings.Lines(got) {
		if n := len([]rune(line)); n > 6*longest {
			t.Errorf("a line of %d characters", n)
		}
	}
	for _, c := range []string{"\x1b", "\x07", "\r", "\x00", "\u202e", "\u200b", "\u2028", "\u009b", "\xff"} {
		if strings.Contains(got, c) {
			t.Errorf("%q got through", c)
		}
	}
}

func TestUnderline(t *testing.T) {
	for _, test := range []struct {
		name string
		line string
		f    finding.Finding
		want string
	}{
		{"a word", `	KEY: {}`, finding.Finding{Position: at(1, 2)}, ` ^^^`},
		{"a string", `	"A-B": {}`, finding.Finding{Position: at(1, 2)}, ` ^^^^^`},
		{"to the end", `	KEY: {}`, finding.Finding{Position: at(1, 2), End: at(1, 9)}, ` ^^^^^^^`},
		{"beyond the line", `KEY`, finding.Finding{Position: at(1, 2), End: at(1, 90)}, ` ^^`},
		{"other line", `KEY`, finding.Finding{Position: at(1, 1), End: at(3, 2)}, `^`},
		{"characters, not bytes", `"Grün": A`, finding.Finding{Position: at(1, 10)}, `        ^`},
		{"at the end", `KEY`, finding.Finding{Position: at(1, 4)}, `   ^`},
	} {
		got, ok := underline(test.line, test.f)
		if !ok || got != test.want {
			t.Errorf("%s: %q, %v, want %q", test.name, got, ok, test.want)
		}
	}
	if _, ok := underline("KEY", finding.Finding{Position: at(1, 9)}); ok {
		t.Error("a column beyond the line is underlined")
	}
}

// TestQuotesPolicyFilesOnly plants a value where a finding points.
func TestQuotesPolicyFilesOnly(t *testing.T) {
	f := finding.Finding{Rule: "hardcoded-secret", Message: "m", Position: finding.Position{File: "app.env", Line: 1, Column: 1}}
	got := asText(t, Report{Command: "check", Findings: []finding.Finding{f}}, TextOptions{Source: source})
	if strings.Contains(got, "|") {
		t.Errorf("a line of app.env is quoted:\n%s", got)
	}
	f.Position.File, f.Commit = "keyplumb.cue", "0123abc"
	if got := asText(t, Report{Command: "check", Findings: []finding.Finding{f}}, TextOptions{Source: source}); strings.Contains(got, "|") {
		t.Errorf("the work tree is quoted for a finding in the history:\n%s", got)
	}
}
