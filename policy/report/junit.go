package report

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// The elements of JUnit's format that GitLab reads, and the counts that other
// readers look at.
// https://docs.gitlab.com/ci/testing/unit_test_reports/#junit-xml-format-specification
type (
	testsuites struct {
		XMLName xml.Name `xml:"testsuites"`
		Suite   testsuite
	}
	testsuite struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		File    string   `xml:"file,attr,omitempty"`
		Failure *outcome `xml:"failure"`
		Error   *outcome `xml:"error"`
		Skipped *outcome `xml:"skipped"`
	}
	outcome struct{ kind, message, text string }
)

// MarshalXML writes the text with its line breaks as they are.
func (o *outcome) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	attribute := func(name, value string) {
		if value != "" {
			start.Attr = append(start.Attr, xml.Attr{Name: xml.Name{Local: name}, Value: value})
		}
	}
	attribute("type", o.kind)
	attribute("message", o.message)
	for _, token := range []xml.Token{start, xml.CharData(o.text), start.End()} {
		if err := e.EncodeToken(token); err != nil {
			return err
		}
	}
	return nil
}

// JUnit writes a report as tests: one for each finding, which fails where the
// finding is at failing or above and else is skipped, with what was found for
// the reason. The run itself is one more, which passes where no other failed,
// so that a report is never empty, and is in error where the run was cut short.
func JUnit(w io.Writer, r Report, failing finding.Severity) error {
	suite := testsuite{Name: "keyplumb " + clean(r.Command)}
	known := identities{}
	for _, f := range r.Findings {
		file, _ := r.place(f)
		c := testcase{Class: suite.Name, Name: known.title(f, file), File: clean(file)}
		if f.Severity >= failing {
			suite.Failures++
			c.Failure = failed(f)
		} else {
			suite.Skipped++
			c.Skipped = &outcome{message: clean(sentence(f)), text: details(f)}
		}
		suite.Cases = append(suite.Cases, c)
	}
	whole := testcase{Class: suite.Name, Name: suite.Name}
	if r.incomplete() {
		suite.Errors++
		whole.Error = failed(r.shortfall())
	}
	if suite.Failures == 0 || suite.Errors > 0 {
		suite.Cases = append(suite.Cases, whole)
	}
	suite.Tests = len(suite.Cases)
	return writeXML(w, testsuites{Suite: suite})
}

func failed(f finding.Finding) *outcome {
	return &outcome{kind: clean(f.Rule), message: clean(sentence(f)), text: details(f)}
}

// details are what GitLab shows of a test: the element's text, not its
// attributes.
func details(f finding.Finding) string {
	text := fmt.Sprintf("%s[%s]: %s\n", f.Severity, clean(f.Rule), clean(sentence(f)))
	if f.Position.IsValid() {
		text += fmt.Sprintf("  --> %s%s\n", clean(f.Position.String()), commit(f))
	}
	if f.Help != "" {
		text += fmt.Sprintf("  = help: %s\n", clean(f.Help))
	}
	return text
}

func writeXML(w io.Writer, document any) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
