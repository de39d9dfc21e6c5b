package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fragmentName  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*\.md$`)
	fragmentTitle = regexp.MustCompile(`^(Added|Changed|Fixed|Removed|Security): \S.*\.$`)
)

// fragmentFault says what is wrong with a fragment of the changelog, in the
// words of changelog/README.md; "" is nothing.
func fragmentFault(name, text string) string {
	title, rest, whole := strings.Cut(text, "\n")
	switch {
	case !fragmentName.MatchString(name):
		return "its name is not lower case with dashes, ending in .md"
	case !whole || strings.HasSuffix(text, "\n\n"):
		return "it does not end with one line break"
	case !fragmentTitle.MatchString(title):
		return "its first line is not a kind, a colon and one sentence"
	case len(title) > 120:
		return "its first line has more than 120 characters"
	case rest != "" && !strings.HasPrefix(rest, "\n"):
		return "there is no empty line after the first"
	case rest != "" && strings.TrimSpace(rest) == "":
		return "there is nothing after its empty line"
	}
	return ""
}

func TestChangelogFragments(t *testing.T) {
	files, err := os.ReadDir("../../changelog/unreleased")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join("../../changelog/unreleased", file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if fault := fragmentFault(file.Name(), string(text)); fault != "" {
			t.Errorf("changelog/unreleased/%s: %s", file.Name(), fault)
		}
	}
}

func TestFragmentFault(t *testing.T) {
	for _, test := range []struct {
		name, text string
		good       bool
	}{
		{"drift.md", "Added: It finds drift.\n", true},
		{"drift-2.md", "Fixed: It finds drift.\n\nAlso on Sundays.\n", true},
		{"Drift.md", "Added: It finds drift.\n", false},
		{"drift.txt", "Added: It finds drift.\n", false},
		{"drift.md", "Added: It finds drift.", false},
		{"drift.md", "Added: It finds drift.\n\n", false},
		{"drift.md", "Added: It finds drift\n", false},
		{"drift.md", "Enhanced: It finds drift.\n", false},
		{"drift.md", "Added: It finds drift.\nAlso on Sundays.\n", false},
		{"drift.md", "Added: " + strings.Repeat("It finds drift. ", 9) + "Yes.\n", false},
		{"drift.md", "", false},
	} {
		if fault := fragmentFault(test.name, test.text); (fault == "") != test.good {
			t.Errorf("%s %q: %q", test.name, test.text, fault)
		}
	}
}
