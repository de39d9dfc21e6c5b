package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is how many characters of a line are shown.
const longest = 400

// clean makes a text that a terminal shows and does not obey: no control or
// formatting characters (escape sequences, changes of direction), no broken
// UTF-8, one line, not without end.
func clean(text string) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > longest {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r):
			b.WriteRune('�')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
