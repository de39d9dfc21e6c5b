package gitlab

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// noteLimit is what a note takes of a description, maxDescription all that
// there is; both in characters.
// https://docs.gitlab.com/api/project_level_variables/#create-a-variable
const (
	noteLimit      = 160
	maxDescription = 255
)

// NoteLimit leaves the rest of the description to others.
func (t *Target) NoteLimit() int { return noteLimit }

var (
	words     = regexp.MustCompile(`\S+`)
	noteShape = regexp.MustCompile(`^kp1:[A-Za-z0-9_-]{156}$`)
)

// joinNote writes a description: somebody's own text, and the note after it.
func joinNote(text, note string) string {
	if text == "" || note == "" {
		return text + note
	}
	return text + " " + note
}

// splitNote undoes joinNote, wherever the note has come to stand. Of several
// the last counts, and none stays in the text.
func splitNote(description string) (text, note string) {
	text = description
	found := words.FindAllStringIndex(description, -1)
	for i := len(found) - 1; i >= 0; i-- {
		from, to := found[i][0], found[i][1]
		word := description[from:to]
		if !noteShape.MatchString(word) {
			continue
		}
		if note == "" {
			note = word
		}
		// What is behind was cleared already: places before it have not moved.
		text = without(text, from, to)
	}
	return text, note
}

// without cuts a word out, and one of the spaces around it.
func without(text string, from, to int) string {
	before, after := text[:from], text[to:]
	if cut, ok := strings.CutSuffix(before, " "); ok {
		return cut + after
	}
	return before + strings.TrimPrefix(after, " ")
}

// room is how many characters somebody's own text may have beside a note.
func room(note string) int {
	if note == "" {
		return maxDescription
	}
	return maxDescription - utf8.RuneCountInString(note) - 1
}
