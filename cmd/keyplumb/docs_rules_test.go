package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
)

const rulePages = "../../docs/rules"

// policyRules are those that the examples of their pages can be tried on
// without a network.
var policyRules = []string{
	"shared-reference", "no-owner", "no-rotation", "expired-exception",
	"broad-scope", "plaintext-endpoint", "static-credential", "policy-not-owned", "unprotected-variable",
}

// A rulePage is one page of docs/rules, by its headings.
type rulePage struct {
	rule     finding.Rule
	sections map[string]string
}

func TestRulePages(t *testing.T) {
	for _, page := range readRulePages(t) {
		t.Run(page.rule.ID, func(t *testing.T) {
			level := map[finding.Severity]string{finding.Error: "an error", finding.Warning: "a warning", finding.Info: "information"}[page.rule.Default]
			if want := "By default " + level + "."; !strings.HasPrefix(page.sections[""], want) {
				t.Errorf("the page does not begin with %q", want)
			}
			for _, heading := range []string{"Why", "Bad", "Good", "How to allow it"} {
				if page.sections[heading] == "" {
					t.Errorf("there is nothing under %q", heading)
				}
			}
			if !slices.Contains(policyRules, page.rule.ID) {
				for _, heading := range []string{"Bad", "Good", "How to allow it"} {
					loadExample(t, page.sections[heading])
				}
				return
			}
			if !earns(t, page, "Bad") {
				t.Error("the bad example does not earn the finding")
			}
			for _, heading := range []string{"Good", "How to allow it"} {
				if earns(t, page, heading) {
					t.Errorf("the example under %q earns the finding", heading)
				}
			}
		})
	}
}

// TestRulePagesAreWhole fails for a rule that the code names but that has no
// page.
func TestRulePagesAreWhole(t *testing.T) {
	catalogue := filepath.FromSlash("policy/finding/rules.go")
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, catalogue) {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, literal := range quoted.FindAllStringSubmatch(string(text), -1) {
			if _, isRule := finding.Lookup(literal[1]); !isRule {
				continue
			}
			if _, err := os.Stat(filepath.Join(rulePages, literal[1]+".md")); err != nil {
				t.Errorf("%s names the rule %s, which has no page in docs/rules", path, literal[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var quoted = regexp.MustCompile(`"([a-z]+(?:-[a-z]+)*)"`)

func TestRuleIndex(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Rules\n\nWhat keyplumb finds, and what each finding means. `rules` in the policy sets a rule's level or turns it off; an entry of `allow` accepts one finding, with a reason and an end date.\n\n| rule | default | |\n| --- | --- | --- |\n")
	for _, page := range readRulePages(t) {
		paragraph, _, _ := strings.Cut(page.sections["Why"], "\n")
		first, _, _ := strings.Cut(paragraph, ". ")
		fmt.Fprintf(&b, "| [%s](%[1]s.md) | %s | %s. |\n", page.rule.ID, page.rule.Default, strings.TrimSuffix(first, "."))
	}
	golden(t, filepath.Join(rulePages, "README.md"), b.String())
}

// readRulePages gives the pages in the catalogue's order.
func readRulePages(t *testing.T) []rulePage {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(rulePages, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{"README": true}
	var pages []rulePage
	for _, rule := range finding.Rules() {
		named[rule.ID] = true
		text, err := os.ReadFile(filepath.Join(rulePages, rule.ID+".md"))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, rulePage{rule, sections(t, rule.ID, string(text))})
	}
	for _, file := range files {
		if id := strings.TrimSuffix(filepath.Base(file), ".md"); !named[id] {
			t.Errorf("%s is the page of no rule", file)
		}
	}
	return pages
}

// sections cuts a page at its headings; what stands before the first is "".
func sections(t *testing.T, id, text string) map[string]string {
	t.Helper()
	body, ok := strings.CutPrefix(text, "# "+id+"\n")
	if !ok {
		t.Errorf("the page of %s has another title", id)
	}
	parts := strings.Split(body, "\n## ")
	found := map[string]string{"": strings.TrimSpace(parts[0])}
	for _, part := range parts[1:] {
		heading, rest, _ := strings.Cut(part, "\n")
		found[heading] = strings.TrimSpace(rest)
	}
	return found
}

var fence = regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")

// loadExample loads the policy that a section shows, and gives what it needs
// to be checked; the policy is nil where the section shows none.
func loadExample(t *testing.T, section string) (*policy.Policy, policy.Context) {
	t.Helper()
	repository := fstest.MapFS{}
	for _, block := range fence.FindAllStringSubmatch(section, -1) {
		switch block[1] {
		case "cue":
			repository["keyplumb.cue"] = &fstest.MapFile{Data: []byte(block[2])}
		case "codeowners":
			repository[".github/CODEOWNERS"] = &fstest.MapFile{Data: []byte(block[2])}
		}
	}
	if repository["keyplumb.cue"] == nil {
		return nil, policy.Context{}
	}
	p, mistakes, err := policy.Load(t.Context(), policy.Options{FS: repository})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mistakes {
		t.Errorf("an example is no policy: %s: %s", m.Position, m.Message)
	}
	return p, policy.Context{FS: repository, Now: time.Now()}
}

// earns tells whether the example under a heading earns the page's finding,
// and fails where the example is none.
func earns(t *testing.T, page rulePage, heading string) bool {
	t.Helper()
	p, about := loadExample(t, page.sections[heading])
	if p == nil {
		return false
	}
	return slices.ContainsFunc(p.Judge(p.Check(about), about.Now), func(f finding.Finding) bool { return f.Rule == page.rule.ID })
}
