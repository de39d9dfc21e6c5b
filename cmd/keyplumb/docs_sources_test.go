package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeNamesSources: who is new learns from README.md which stores are read.
func TestReadmeNamesSources(t *testing.T) {
	pages, err := filepath.Glob("../../docs/sources/*.md")
	if err != nil || len(pages) < 2 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if link := "(docs/sources/" + filepath.Base(page) + ")"; !strings.Contains(string(readme), link) {
			t.Errorf("README.md does not link %s", link)
		}
	}
}

// TestSourcePages loads every policy that docs/sources shows.
func TestSourcePages(t *testing.T) {
	pages, err := filepath.Glob("../../docs/sources/*.md")
	if err != nil || len(pages) < 2 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range fence.FindAllString(string(text), -1) {
			if strings.HasPrefix(block, "```cue\n") {
				loadExample(t, block)
			}
		}
	}
}
