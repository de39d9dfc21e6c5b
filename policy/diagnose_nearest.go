package policy

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// didYouMean helps with a name that is not one of those known: the nearest of
// them, or else all.
func didYouMean(name string, known []string) string {
	if near, ok := nearest(name, known); ok {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 0 {
		return ""
	}
	const most = 12
	if len(known) > most {
		return fmt.Sprintf("known: %s … %d in all", strings.Join(known[:most], ", "), len(known))
	}
	return "known: " + strings.Join(known, ", ")
}

// nearest finds the known name that takes the fewest edits to reach, if that
// is few enough for a slip of the fingers. Letter case is no edit.
func nearest(name string, known []string) (string, bool) {
	best, fewest := "", 1+max(1, utf8.RuneCountInString(name)/3)
	for _, candidate := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(candidate)); d < fewest {
			best, fewest = candidate, d
		}
	}
	return best, best != ""
}

// distance counts the edits from a to b: a letter more, less or other, or two
// neighbours swapped (the optimal string alignment distance).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			other := 1
			if s[i-1] == t[j-1] {
				other = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+other)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(s)][len(t)]
}

// oneOf lists choices in a sentence.
func oneOf(choices []string) string {
	if len(choices) < 2 {
		return strings.Join(choices, "")
	}
	last := len(choices) - 1
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}
