package engine

import (
	"strings"
	"testing"
)

// TestOwnerOf: what a source says of an owner is shown if it can stand in a
// sentence.
func TestOwnerOf(t *testing.T) {
	for told, want := range map[string]string{
		"payments": "payments", " the team \n": "the team", "Zoë <z@example.com>": "Zoë <z@example.com>", "": "",
		"two\nlines": "", "\x1b[31mred": "", "a\u202eb": "", strings.Repeat("x", maxOwner+1): "", "\xff": "",
	} {
		if got := ownerOf(told); got != want {
			t.Errorf("%q is %q, want %q", told, got, want)
		}
	}
}
