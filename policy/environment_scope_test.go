package policy

import (
	"slices"
	"strings"
	"testing"
)

func TestScopesMeet(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"prod", "prod", true},
		{"prod", "Prod", false},
		{"prod", "production", false},
		{"prod", "*", true},
		{"*", "*", true},
		{"production", "prod*", true},
		{"production", "pro*on", true},
		{"prod", "prod*d", false},
		{"production/eu", "production/*", true},
		{"production", "production/*", false},
		{"production/", "production/*", true},
		{"a-b-c", "a*b*c", true},
		{"a-c", "a*b*c", false},
		{"aba", "ab*ba", false},
		{"abba", "ab*ba", true},
		{"review/*", "*/api", true},
		{"review/*", "staging/*", false},
		{"review/*", "review/feature-*", true},
		{"*-eu", "*-us", false},
		{"*-eu", "prod*", true},
		{"ab*", "*ba", true},
		{"a*x", "b*x", false},
		{"**", "x", true},
	} {
		for _, pair := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got := ScopesMeet(pair[0], pair[1]); got != tt.want {
				t.Errorf("%q and %q: got %v, want %v", pair[0], pair[1], got, tt.want)
			}
		}
	}
}

// TestScopesMeetAsTheirLanguagesDo holds every pair of short patterns against
// the names that each of them matches, spelled out one by one.
func TestScopesMeetAsTheirLanguagesDo(t *testing.T) {
	var matched []map[string]bool
	patterns := wordsOf("ab*", 4)
	// Two patterns of four that meet have a common name of their letters alone.
	names := wordsOf("ab", 6)
	for _, pattern := range patterns {
		of := map[string]bool{}
		for _, name := range names {
			if matchesSlowly(pattern, name) {
				of[name] = true
			}
		}
		matched = append(matched, of)
	}
	for i, a := range patterns {
		for j, b := range patterns {
			want := slices.ContainsFunc(names, func(name string) bool { return matched[i][name] && matched[j][name] })
			if got := ScopesMeet(a, b); got != want {
				t.Fatalf("%q and %q: got %v, want %v", a, b, got, want)
			}
		}
	}
}

// FuzzScopesMeet holds it against a search over both patterns at once.
func FuzzScopesMeet(f *testing.F) {
	f.Add("review/*", "*/api")
	f.Add("a*b*c", "ab*bc")
	f.Add("", "*")
	f.Fuzz(func(t *testing.T, a, b string) {
		if len(a) > 40 || len(b) > 40 {
			return
		}
		want := meetSlowly(a, b, map[[2]int]bool{})
		if got := ScopesMeet(a, b); got != want || got != ScopesMeet(b, a) {
			t.Errorf("%q and %q: got %v, want %v", a, b, got, want)
		}
	})
}

func TestScopeRank(t *testing.T) {
	ordered := []string{"*", "prod*", "production"}
	for i, narrower := range ordered[1:] {
		if ScopeRank(narrower) <= ScopeRank(ordered[i]) {
			t.Errorf("%q does not win over %q", narrower, ordered[i])
		}
	}
	if ScopeRank("a/*") != ScopeRank("*/b") {
		t.Error("two wildcards differ in rank")
	}
}

// wordsOf gives every text of 1 to n letters.
func wordsOf(letters string, n int) []string {
	var all []string
	last := []string{""}
	for range n {
		var next []string
		for _, text := range last {
			for _, letter := range letters {
				next = append(next, text+string(letter))
			}
		}
		all = append(all, next...)
		last = next
	}
	return all
}

// matchesSlowly tries every length that a wildcard can stand for.
func matchesSlowly(pattern, name string) bool {
	if pattern == "" {
		return name == ""
	}
	if pattern[0] != '*' {
		return strings.HasPrefix(name, pattern[:1]) && matchesSlowly(pattern[1:], name[1:])
	}
	for i := range len(name) + 1 {
		if matchesSlowly(pattern[1:], name[i:]) {
			return true
		}
	}
	return false
}

// meetSlowly walks both patterns at once, letter by letter of a common name.
func meetSlowly(a, b string, seen map[[2]int]bool) bool {
	at := [2]int{len(a), len(b)}
	switch {
	case seen[at]:
		return false
	case a == "" && b == "":
		return true
	}
	seen[at] = true
	return a != "" && a[0] == '*' && (meetSlowly(a[1:], b, seen) || b != "" && meetSlowly(a, b[1:], seen)) ||
		b != "" && b[0] == '*' && (meetSlowly(a, b[1:], seen) || a != "" && meetSlowly(a[1:], b, seen)) ||
		a != "" && b != "" && a[0] == b[0] && meetSlowly(a[1:], b[1:], seen)
}
