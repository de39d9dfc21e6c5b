package engine

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxOwner is the longest name of an owner, in bytes: it ends sentences.
const maxOwner = 100

// ownerOf gives what a source says of an owner if it can stand in a sentence:
// whoever may mark a secret in the source can write anything there.
func ownerOf(told string) string {
	told = strings.TrimSpace(told)
	if len(told) > maxOwner || !utf8.ValidString(told) || strings.ContainsFunc(told, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return told
}
