package gitlab

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSplitNote(t *testing.T) {
	longest := "kp1:" + strings.Repeat("x", 156)
	for description, want := range map[string][2]string{
		"":                               {"", ""},
		"kp1:ab_-9":                      {"", "kp1:ab_-9"},
		longest:                          {"", longest},
		"words kp1:ab":                   {"words", "kp1:ab"},
		"kp1:ab words":                   {"words", "kp1:ab"},
		"before kp1:ab after":            {"before after", "kp1:ab"},
		"before  kp1:ab  after":          {"before   after", "kp1:ab"},
		" two  spaces  kp1:ab":           {" two  spaces ", "kp1:ab"},
		"line\nkp1:ab\nline":             {"line\n\nline", "kp1:ab"},
		"kp1:old words kp1:new":          {"words", "kp1:new"},
		"kp1:new kp1:newer":              {"", "kp1:newer"},
		"kp1:":                           {"kp1:", ""},
		longest + "x":                    {longest + "x", ""},
		"xkp1:ab":                        {"xkp1:ab", ""},
		"(kp1:ab)":                       {"(kp1:ab)", ""},
		"kp1:ab, says somebody":          {"kp1:ab, says somebody", ""},
		"KP1:ab":                         {"KP1:ab", ""},
		"kp2:ab":                         {"kp2:ab", ""},
		"kp1:äb":                         {"kp1:äb", ""},
		"ключ 🔑 kp1:ab für die Rechnung": {"ключ 🔑 für die Rechnung", "kp1:ab"},
	} {
		if text, note := splitNote(description); text != want[0] || note != want[1] {
			t.Errorf("%q: %q and %q, want %q", description, text, note, want)
		}
	}
}

// FuzzSplitNote: what was joined comes apart again, and what comes apart has
// lost nothing but the notes, and what is left has none.
func FuzzSplitNote(f *testing.F) {
	for _, seed := range []string{"", " ", "words", "kp1:ab", "a kp1:b c", "kp1:a kp1:b", "\nkp1:x\n", "\xff kp1:q", "kp1:\u00a0a"} {
		f.Add(seed, "ab")
		f.Add(seed, "")
	}
	f.Fuzz(func(t *testing.T, description, content string) {
		text, _ := splitNote(description)
		if again, note := splitNote(text); again != text || note != "" {
			t.Fatalf("%q left %q, in which there still is %q", description, text, note)
		}
		// All that is not space and not a note stays, in its order.
		var kept []string
		for _, word := range words.FindAllString(description, -1) {
			if !noteShape.MatchString(word) {
				kept = append(kept, word)
			}
		}
		if got := words.FindAllString(text, -1); strings.Join(got, " ") != strings.Join(kept, " ") {
			t.Fatalf("%q left %q, want the words %q", description, got, kept)
		}
		note := "kp1:" + content
		if !noteShape.MatchString(note) {
			note = ""
		}
		joined := joinNote(text, note)
		if gotText, gotNote := splitNote(joined); gotText != text || gotNote != note {
			t.Fatalf("%q and %q came back as %q and %q", text, note, gotText, gotNote)
		}
		if n := utf8.RuneCountInString(joined); note != "" && n > maxDescription != (utf8.RuneCountInString(text) > room(note)) && text != "" {
			t.Fatalf("%d characters in all, but there is room for %d", n, room(note))
		}
	})
}
