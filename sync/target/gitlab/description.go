package gitlab

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A description is what people write, then the ledger's note.
const (
	maxDescription = 255 // characters
	noteLimit      = 160 // characters, ASCII
)

// note is the ledger's, standing alone.
var note = regexp.MustCompile(`(^|\s)(kp1:[A-Za-z0-9_-]{1,156})(\s|$)`)

// NoteLimit leaves the rest of a description to people.
func (t *Target) NoteLimit() int { return noteLimit }

// splitDescription takes the note out of a description. What is before it and
// after it is joined by a space; of several notes the last one counts.
func splitDescription(description string) (human, found string) {
	human = description
	for {
		at := note.FindStringSubmatchIndex(human)
		if at == nil {
			return human, found
		}
		found = human[at[4]:at[5]]
		before, after := human[:at[2]], human[at[7]:]
		if at[2] > 0 { // the one space that was put there
			before = human[:at[2]]
		}
		switch {
		case before == "" || after == "":
			human = before + after
		default:
			human = before + " " + after
		}
	}
}

// joinDescription puts the note behind what people wrote.
func joinDescription(human, note string) string {
	if human == "" || note == "" {
		return human + note
	}
	return human + " " + note
}

// checkDescription tells whether there is room for both.
func checkDescription(ref, human, note string) error {
	length := utf8.RuneCountInString(joinDescription(human, note))
	if length <= maxDescription {
		return nil
	}
	detail, hint := "its description is too long for GitLab, which takes 255 characters", "shorten it"
	if note != "" {
		detail = "its description leaves no room for the ledger's entry: 94 characters of 255 are for people"
		hint = "shorten it in GitLab, or in the policy"
	}
	return &store.Error{Op: "describe", Ref: ref, Kind: store.ErrTooLarge, Detail: detail, Hint: hint}
}

// hasNote tells whether a text would be taken for one that holds a note.
func hasNote(human string) bool { return strings.Contains(human, "kp1:") && note.MatchString(human) }
