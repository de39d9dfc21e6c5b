package gitlab

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// aNote has the form of a note.
func aNote(word string) string { return "kp1:" + word + strings.Repeat("-", 156-len(word)) }

func TestSplitNote(t *testing.T) {
	longest := "kp1:" + strings.Repeat("x", 156)
	for description, want := range map[string][2]string{
		"":                                      {"", ""},
		aNote("ab_-9"):                          {"", aNote("ab_-9")},
		longest:                                 {"", longest},
		"words " + aNote("ab"):                  {"words", aNote("ab")},
		aNote("ab") + " words":                  {"words", aNote("ab")},
		"before " + aNote("ab") + " after":      {"before after", aNote("ab")},
		"before  " + aNote("ab") + "  after":    {"before   after", aNote("ab")},
		" two  spaces  " + aNote("ab"):          {" two  spaces ", aNote("ab")},
		"line\n" + aNote("ab") + "\nline":       {"line\n\nline", aNote("ab")},
		aNote("old") + " words " + aNote("new"): {"words", aNote("new")},
		aNote("new") + " " + aNote("newer"):     {"", aNote("newer")},
		"kp1:":                                  {"kp1:", ""},
		"kp1:short":                             {"kp1:short", ""},
		longest + "x":                           {longest + "x", ""},
		"x" + aNote("ab"):                       {"x" + aNote("ab"), ""},
		"(" + aNote("ab") + ")":                 {"(" + aNote("ab") + ")", ""},
		aNote("ab") + ", says somebody":         {aNote("ab") + ", says somebody", ""},
		"KP1:ab":                                {"KP1:ab", ""},
		"kp2:ab":                                {"kp2:ab", ""},
		"kp1:äb":                                {"kp1:äb", ""},
		"ключ 🔑 " + aNote("ab") + " für die Rechnung": {"ключ 🔑 für die Rechnung", aNote("ab")},
	} {
		if text, note := splitNote(description); text != want[0] || note != want[1] {
			t.Errorf("%q: %q and %q, want %q", description, text, note, want)
		}
	}
}

// FuzzSplitNote: what was joined comes apart again, and what comes apart has
// lost nothing but the notes, and what is left has none.
func FuzzSplitNote(f *testing.F) {
	for _, seed := range []string{"", " ", "words", aNote("ab"), "a " + aNote("b") + " c", aNote("a") + " " + aNote("b"), "\n" + aNote("x") + "\n", "\xff " + aNote("q"), "kp1:\u00a0a"} {
		f.Add(seed, aNote("ab")[len("kp1:"):])
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
