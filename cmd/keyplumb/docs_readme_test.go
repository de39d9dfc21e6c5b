package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	readmePolicy = regexp.MustCompile("(?s)<!-- policy -->\n```cue\n(.*?)```\n")
	readmeOutput = regexp.MustCompile("(?s)(<!-- output: keyplumb ([a-z -]+) -->\n```text\n).*?(```\n)")
	readmeFile   = regexp.MustCompile("(?s)(<!-- file: ([a-z/.-]+) -->\n```yaml\n).*?(```\n)")
	readmeCodes  = regexp.MustCompile("(?s)(<!-- exit codes -->\n).*?(<!-- end of exit codes -->\n)")
)

// TestReadme holds README.md to the truth: the policy that it shows earns the
// output that it shows, the exit codes are the code's, and the workflows are
// those of docs/examples.
func TestReadme(t *testing.T) {
	const file = "../../README.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	policy := readmePolicy.FindSubmatch(text)
	if policy == nil {
		t.Fatal("README.md shows no policy")
	}
	want := string(text)
	for _, part := range []struct {
		pattern *regexp.Regexp
		content func(t *testing.T, name string) string
	}{
		{readmeOutput, func(t *testing.T, command string) string { return runOnPolicy(t, policy[1], command) }},
		{readmeFile, withoutComment},
		{readmeCodes, func(*testing.T, string) string { return exitCodesMarkdown() }},
	} {
		if !part.pattern.MatchString(want) {
			t.Fatalf("README.md has nothing for %s", part.pattern)
		}
		want = part.pattern.ReplaceAllStringFunc(want, func(found string) string {
			match := part.pattern.FindStringSubmatch(found)
			name := strings.Join(match[2:len(match)-1], "")
			return match[1] + part.content(t, name) + match[len(match)-1]
		})
	}
	golden(t, file, want)
}

// runOnPolicy runs a command that must find something in the policy.
func runOnPolicy(t *testing.T, policy []byte, command string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "keyplumb.cue"), policy, 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c := &Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: t.Output(), Dir: dir}
	if code := c.Main(t.Context(), strings.Fields(command)); code != exitFindings {
		t.Errorf("keyplumb %s ended with %d, want %d", command, code, exitFindings)
	}
	return out.String()
}

// withoutComment gives a file of the repository without the comment that it
// begins with.
func withoutComment(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	rest := string(text)
	for strings.HasPrefix(rest, "#") {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	return rest
}

func exitCodesMarkdown() string {
	var b strings.Builder
	b.WriteString("| code | meaning |\n| --- | --- |\n")
	for _, e := range exitCodes() {
		fmt.Fprintf(&b, "| `%d` | %s |\n", e.Code, e.Meaning)
	}
	return b.String()
}
