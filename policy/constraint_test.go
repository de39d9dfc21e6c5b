package policy

import (
	"sync"
	"testing"
)

// constrained loads a policy with one constraint and gives it.
func constrained(t *testing.T, header, constraint string) Constraint {
	t.Helper()
	p := mustLoad(t, Options{FS: tree(map[string]string{
		"keyplumb.cue": "package keyplumb\n" + header + body + "secrets: A: in: test: value: " + constraint + "\n",
	})})
	return bindingOf(t, p, "A", "test").Constraint
}

func TestConstraintAccepts(t *testing.T) {
	const strs = "import \"strings\"\n"
	for _, test := range []struct {
		name, header, constraint string
		yes, no                  []string
	}{
		{"anything", "", `_`, []string{"", "x", "\xff\xfe", "a\x00b"}, nil},
		{"string", "", `string`, []string{"", "x", "ü", "a\x00b"}, []string{"\xff"}},
		{"regexp", "", `=~"^a"`, []string{"ab", "a\nb"}, []string{"ba", "a\xff", ""}},
		{"not", "", `!="x"`, []string{"y"}, []string{"x"}},
		{"choice", "", `"a" | "b"`, []string{"a", "b"}, []string{"c", "ab"}},
		{"default", "", `*"a" | =~"^b"`, []string{"a", "b1"}, []string{"c"}},
		{"builtin", strs, `strings.MinRunes(3) & strings.MaxRunes(4)`, []string{"abc", "üüüü"}, []string{"ab", "abcde"}},
		{"both", "", `#URL & =~"^https://"`, []string{"https://x.example.com"}, []string{"http://x.example.com", "https://"}},
		{"own", "#Key: =~\"^k\"\n", `#Key`, []string{"k"}, []string{"x"}},
		{"own in place of the schema's", "#URL: \"mine\"\n", `#URL`, []string{"mine"}, []string{"https://example.com"}},
		{"json", "import \"encoding/json\"\n", `json.Validate({a: int})`, []string{`{"a":1}`}, []string{`{"a":"x"}`, `{`, ``}},
		{"literal", "", `"only"`, []string{"only"}, []string{"other", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := constrained(t, test.header, test.constraint)
			if c.Source() != test.constraint {
				t.Errorf("quoted as %q, want %q", c.Source(), test.constraint)
			}
			for _, text := range test.yes {
				if !c.Accepts([]byte(text)) {
					t.Errorf("refuses %q", text)
				}
			}
			for _, text := range test.no {
				if c.Accepts([]byte(text)) {
					t.Errorf("accepts %q", text)
				}
			}
		})
	}
}

func TestZeroConstraintAcceptsAnything(t *testing.T) {
	var c Constraint
	if !c.Accepts([]byte("\xff")) || c.Source() != "" {
		t.Error("the zero constraint constrains")
	}
}

// TestConstraintSurvivesPanic has no context of CUE's, which makes it panic.
func TestConstraintSurvivesPanic(t *testing.T) {
	c := Constraint{rule: &rule{lock: new(sync.Mutex)}}
	if c.Accepts([]byte("x")) {
		t.Error("a panic accepts")
	}
	if !c.rule.lock.TryLock() {
		t.Error("the lock is still held")
	}
}

// TestConstraintsAtOnce uses two constraints of one policy from many
// goroutines; the race detector judges.
func TestConstraintsAtOnce(t *testing.T) {
	p := example(t, "small.cue")
	dev, prod := bindingOf(t, p, "STRIPE_SECRET_KEY", "dev").Constraint, bindingOf(t, p, "STRIPE_SECRET_KEY", "prod").Constraint
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if !dev.Accepts([]byte("sk_"+"test_1")) || prod.Accepts([]byte("sk_"+"test_1")) {
					t.Error("answers change")
				}
			}
		})
	}
	group.Wait()
}

// TestConstraintQuotesEachPlace quotes a constraint that is written in several
// places.
func TestConstraintQuotesEachPlace(t *testing.T) {
	c := constrained(t, "secrets: A: in: [_]: value: \"a\" | \"b\"\n", `!="b"`)
	if got, want := c.Source(), `!="b" & ("a" | "b")`; got != want {
		t.Errorf("quoted as %s, want %s", got, want)
	}
	if !c.Accepts([]byte("a")) || c.Accepts([]byte("b")) {
		t.Error("one of the places is forgotten")
	}
}
