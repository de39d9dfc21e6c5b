package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/keyplumb/keyplumb/policy"
)

const gitlabPage = "../../docs/gitlab.md"

// TestGitLabPage writes into docs/gitlab.md the pipeline of docs/examples.
func TestGitLabPage(t *testing.T) {
	text, err := os.ReadFile(gitlabPage)
	if err != nil {
		t.Fatal(err)
	}
	if !readmeFile.Match(text) {
		t.Fatal("docs/gitlab.md shows no pipeline")
	}
	golden(t, gitlabPage, readmeFile.ReplaceAllStringFunc(string(text), func(found string) string {
		match := readmeFile.FindStringSubmatch(found)
		return match[1] + withoutComment(t, match[2]) + match[3]
	}))
}

var link = regexp.MustCompile(`\]\(([^):#]+)(#[^)]*)?\)`)

// TestGitLabPageIsTrue: what docs/gitlab.md links to is there, and the targets
// that it shows are ones.
func TestGitLabPageIsTrue(t *testing.T) {
	text, err := os.ReadFile(gitlabPage)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range link.FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(filepath.Join(filepath.Dir(gitlabPage), match[1])); err != nil {
			t.Errorf("docs/gitlab.md links to %s, which is not there", match[1])
		}
	}
	shown := 0
	for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
		if block[1] != "cue" {
			continue
		}
		shown++
		whole := strings.Replace(gitlabPolicy, `targets: api: {kind: "gitlab", project: "acme/api"}`, block[2], 1)
		_, mistakes, err := policy.Load(t.Context(), policy.Options{FS: fstest.MapFS{"keyplumb.cue": &fstest.MapFile{Data: []byte(whole)}}})
		if err != nil || whole == gitlabPolicy {
			t.Fatalf("the policy cannot be tried: %v", err)
		}
		for _, m := range mistakes {
			t.Errorf("%s is no target: %s", strings.TrimSpace(block[2]), m.Message)
		}
	}
	if shown == 0 {
		t.Error("docs/gitlab.md shows no target")
	}
}
