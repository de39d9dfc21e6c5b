package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/keyplumb/keyplumb/policy/finding"
)

var visible = strings.NewReplacer("\x1b", "␛", "\r", "␍")

func noon() time.Time { return time.Unix(1795521600, 0) }

func asGitLab(t *testing.T, r Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := GitLab(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func asJUnit(t *testing.T, r Report, failing finding.Severity) string {
	t.Helper()
	var b bytes.Buffer
	if err := JUnit(&b, r, failing); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// codeQualityRules are what GitLab's page says of the format.
// https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
const codeQualityRules = `{"type": "array", "items": {"type": "object",
	"required": ["description", "check_name", "fingerprint", "severity", "location"],
	"properties": {
		"description": {"type": "string", "minLength": 1}, "check_name": {"type": "string", "minLength": 1},
		"fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
		"severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
		"location": {"type": "object", "required": ["path", "lines"], "properties": {
			"path": {"type": "string", "pattern": "^[^/.]"},
			"lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}}}}}}}`

func TestGitLabFollowsTheFormat(t *testing.T) {
	rules, err := jsonschema.UnmarshalJSON(strings.NewReader(codeQualityRules))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("rules.json", rules); err != nil {
		t.Fatal(err)
	}
	schema := compiler.MustCompile("rules.json")
	for name, r := range every() {
		text := asGitLab(t, r)
		if err := validate(t, schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen := map[string]bool{}
		for _, entry := range entries(t, text) {
			if seen[entry.Fingerprint] {
				t.Errorf("%s: two entries have one fingerprint, of which GitLab shows one", name)
			}
			seen[entry.Fingerprint] = true
		}
	}
	if err := validate(t, schema, `[{"description": "d"}]`); err == nil {
		t.Error("the rules take anything")
	}
	if text := asGitLab(t, Report{Command: "check"}); text != "[]\n" {
		t.Errorf("nothing found gives %q", text)
	}
}

// every is each look, and what is hard on the formats.
func every() map[string]Report {
	all := reports()
	same := finding.Finding{Rule: "hardcoded-secret", Severity: finding.Warning, Message: "m", Position: finding.Position{File: "a", Line: 1}}
	evil := "]]>&<\"'\x1b[0Ksection_end:1:x\r\x1b[0K\x00\ufffe\xff\u202e[[ATTACHMENT|/etc/passwd]]"
	all["twins"] = Report{Command: "check", Findings: []finding.Finding{same, same, same}}
	all["hostile"] = Report{Command: "drift", ExitCode: 3, Policy: "/etc/passwd", Findings: []finding.Finding{
		{Rule: "edited", Severity: finding.Error, Message: evil, Help: evil, Target: evil, Scope: evil, Name: evil, Commit: evil, Position: finding.Position{File: "../" + evil, Line: -4}}}}
	return all
}

func entries(t *testing.T, text string) (out []degradation) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A finding is known again after it moved and grew older, and not taken for
// another.
func TestFingerprints(t *testing.T) {
	base := finding.Finding{Rule: "edited", Severity: finding.Error, Message: "1 day ago", Target: "api", Scope: "project:*", Name: "A", Secret: "A", Environment: "prod", Position: at(3, 2)}
	fingerprint := func(f finding.Finding) string {
		return entries(t, asGitLab(t, Report{Findings: []finding.Finding{f}}))[0].Fingerprint
	}
	moved := base
	moved.Position, moved.Message, moved.Severity, moved.Help = at(90, 7), "2 days ago", finding.Info, "h"
	if fingerprint(base) != fingerprint(moved) {
		t.Error("a finding that moved is not known again")
	}
	for name, change := range map[string]func(*finding.Finding){
		"rule": func(f *finding.Finding) { f.Rule = "stale" }, "target": func(f *finding.Finding) { f.Target = "b" },
		"scope": func(f *finding.Finding) { f.Scope = "group:*" }, "name": func(f *finding.Finding) { f.Name = "B" },
		"secret": func(f *finding.Finding) { f.Secret = "B" }, "environment": func(f *finding.Finding) { f.Environment = "dev" },
		"file": func(f *finding.Finding) { f.Position.File = "b.cue" }, "commit": func(f *finding.Finding) { f.Commit = "1" },
		"also": func(f *finding.Finding) { f.Also = []string{"C"} }, "a shift": func(f *finding.Finding) { f.Target, f.Scope = "apiproject:", "*" },
	} {
		other := base
		change(&other)
		if fingerprint(base) == fingerprint(other) {
			t.Errorf("%s: another finding has the same fingerprint", name)
		}
	}
}

// Without a place, or at one outside the repository, a finding is the policy's.
func TestPlaces(t *testing.T) {
	for _, file := range []string{"", "/etc/passwd", "../x", "a/../../x", "."} {
		r := Report{Policy: ".gitlab/keyplumb.cue", Findings: []finding.Finding{{Rule: "edited", Position: finding.Position{File: file, Line: 9}}}}
		if got := entries(t, asGitLab(t, r))[0].Location; got.Path != ".gitlab/keyplumb.cue" || got.Lines.Begin != 1 {
			t.Errorf("%q: %+v", file, got)
		}
	}
}

// What was cut short is neither resolved nor passed.
func TestIncompleteRuns(t *testing.T) {
	for _, code := range []int{3, 4} {
		r := Report{Command: "drift", ExitCode: code}
		if got := entries(t, asGitLab(t, r)); len(got) != 1 || got[0].Severity != "critical" || got[0].CheckName != "incomplete-run" {
			t.Errorf("%d: %+v", code, got)
		}
		if got := readJUnit(t, asJUnit(t, r, finding.Error)); got["keyplumb drift"] != "error" || len(got) != 1 {
			t.Errorf("%d: %v", code, got)
		}
	}
}

func TestJUnitFails(t *testing.T) {
	r := reports()["check"]
	for failing, want := range map[finding.Severity]int{finding.Error: 2, finding.Warning: 4, finding.Info: 5} {
		n := 0
		for _, status := range readJUnit(t, asJUnit(t, r, failing)) {
			if status == "failed" {
				n++
			}
		}
		if n != want {
			t.Errorf("from %s on: %d failures, want %d", failing, n, want)
		}
	}
	if got := readJUnit(t, asJUnit(t, Report{Command: "check"}, finding.Error)); got["keyplumb check"] != "success" {
		t.Errorf("a clean run: %v", got)
	}
	for name, r := range every() {
		if got := readJUnit(t, asJUnit(t, r, finding.Error)); len(got) < len(r.Findings) || len(got) == 0 {
			t.Errorf("%s: %d tests for %d findings", name, len(got), len(r.Findings))
		}
	}
}

// readJUnit reads a report by the rules of GitLab's parser: one testsuites, of
// testsuite, of testcase, each of them told by its name; a case has the status
// of its failure, error or skipped, whose text is shown. GitLab reads XML as
// Rails does: a type that Rails knows would have the text read as that.
func readJUnit(t *testing.T, text string) map[string]string {
	t.Helper()
	within := map[string]string{"testsuites": "", "testsuite": "testsuites", "testcase": "testsuite", "failure": "testcase", "error": "testcase", "skipped": "testcase"}
	status := map[string]string{"failure": "failed", "error": "error", "skipped": "skipped"}
	railsTypes := []string{"symbol", "date", "datetime", "duration", "integer", "float", "double", "decimal", "boolean", "string", "yaml", "base64Binary", "hexBinary", "file", "array"}
	cases, path, name := map[string]string{}, []string{""}, ""
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return cases
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			element := token.Name.Local
			if parent, known := within[element]; !known || parent != path[len(path)-1] {
				t.Fatalf("a %s in a %s", element, path[len(path)-1])
			}
			path = append(path, element)
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Name.Local] = a.Value
			}
			if slices.Contains(railsTypes, attributes["type"]) {
				t.Errorf("Rails would read the type %s", attributes["type"])
			}
			if element == "testcase" {
				name = attributes["name"]
				if _, twice := cases[name]; twice || name == "" || attributes["classname"] == "" || strings.HasPrefix(attributes["file"], "/") {
					t.Errorf("a test that GitLab cannot tell: %v", attributes)
				}
				cases[name] = "success"
			} else if s := status[element]; s != "" {
				cases[name] = s
			}
		case xml.CharData:
			if s := path[len(path)-1]; status[s] != "" && strings.TrimSpace(string(token)) == "" {
				t.Errorf("a %s without a text", s)
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

// A hostile name opens and closes no section; a long plan is folded, unless
// something in it is bad news.
func TestSections(t *testing.T) {
	got := asText(t, every()["hostile"], TextOptions{GitLabClock: noon})
	if starts, ends := strings.Count(got, "\x1b[0Ksection_start:"), strings.Count(got, "\x1b[0Ksection_end:"); starts != 1 || ends != 1 || strings.Count(got, "\x1b") != 4 || strings.Count(got, "\r") != 2 {
		t.Errorf("%d starts, %d ends:\n%q", starts, ends, got)
	}
	long := Report{Command: "plan"}
	for i := range folded {
		long.Changes = append(long.Changes, Change{Action: "create", Target: "api", Scope: "project:*", Name: fmt.Sprint("S", i), Reason: "missing"})
	}
	if got := asText(t, long, TextOptions{GitLabClock: noon}); !strings.HasPrefix(got, "\x1b[0Ksection_start:1795521600:keyplumb_plan_plan[collapsed=true]\r\x1b[0KPlan: 25 to create\n") {
		t.Errorf("%q", got)
	}
	long.Changes[3].Result = "failed"
	if got := asText(t, long, TextOptions{GitLabClock: noon}); strings.Contains(got, "collapsed") {
		t.Errorf("bad news is folded: %q", got)
	}
	if got := asText(t, long, TextOptions{}); strings.Contains(got, "section_") {
		t.Errorf("sections elsewhere: %q", got)
	}
}
