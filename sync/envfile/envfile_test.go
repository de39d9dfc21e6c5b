package envfile_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/joho/godotenv"
	"github.com/sirupsen/logrus"

	"github.com/keyplumb/keyplumb/sync/envfile"
)

// values gives what a file says.
func values(f *envfile.File) map[string]string {
	out := map[string]string{}
	for _, name := range f.Names() {
		out[name], _ = f.Value(name)
	}
	return out
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		why, text string
		want      map[string]string
	}{
		{"nothing", "", nil},
		{"comments and blank lines", "# a comment\n\n  # another\n", nil},
		{"plain", "A=b\n", map[string]string{"A": "b"}},
		{"no line break at the end", "A=b", map[string]string{"A": "b"}},
		{"empty", "A=\nB=''\n", map[string]string{"A": "", "B": ""}},
		{"export", "export A=b\n", map[string]string{"A": "b"}},
		{"comment behind", "A=b # c\nB='d' # e\n", map[string]string{"A": "b", "B": "d"}},
		{"hash inside", "A=b#c\nB='d # e'\n", map[string]string{"A": "b#c", "B": "d # e"}},
		{"equal signs", "A=b=c==\n", map[string]string{"A": "b=c=="}},
		{"carriage returns", "A=b\r\nB='c'\r\n", map[string]string{"A": "b", "B": "c"}},
		{"byte order mark", "\uFEFFA=b\n", map[string]string{"A": "b"}},
		{"many lines", "A='one\ntwo\n'\nB=\"three\nfour\"\n", map[string]string{"A": "one\ntwo\n", "B": "three\nfour"}},
		{"escapes", `A="one\ntwo\"\\"` + "\n" + `B='one\ntwo'` + "\n", map[string]string{"A": "one\ntwo\"\\", "B": `one\ntwo`}},
		{"twice", "A=b\nA=c\n", map[string]string{"A": "c"}},
		{"dollars", "A=b$A\nB=\"${A}$B$$\"\nC='$(id)'\nD=\\$x\n", map[string]string{"A": "b$A", "B": "${A}$B$$", "C": "$(id)", "D": `\$x`}},
		{"escaped dollars", `A="\$x\\$y"` + "\n" + `B='\$x'` + "\n", map[string]string{"A": `$x\$y`, "B": `\$x`}},
		{"letters beyond ASCII", "A=ключ🔑\n", map[string]string{"A": "ключ🔑"}},
	} {
		t.Run(test.why, func(t *testing.T) {
			f, err := envfile.Parse([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := values(f); !maps.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := string(f.Bytes()); got != test.text {
				t.Errorf("written back as %q", got)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	for _, test := range []struct {
		text string
		line int
	}{
		{"A=b\nnot a variable\n", 2},
		{"A=b\n\nBARE\n", 3},
		{"BARE", 1},
		{"=b\n", 1},
		{"A='b\nC=d\n", 1},
		{"# c\nA=\"b\n", 2},
		{"A='b' C=d\n", 1},
		{"A='one\ntwo'\n{}\n", 3},
		{"$A=b\n", 1},
	} {
		_, err := envfile.Parse([]byte(test.text))
		syntax, ok := errors.AsType[*envfile.SyntaxError](err)
		if !ok || syntax.Line != test.line {
			t.Errorf("%q: %v, want a syntax error in line %d", test.text, err, test.line)
		}
	}
}

func TestEdit(t *testing.T) {
	const text = "# head\nexport A='old' # why\nB=keep # this\n\nC=\"two\nlines\"\nA=twice # last\n# foot"
	f, err := envfile.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"A": "new $value", "C": "c"} {
		if !f.Set(name, value) {
			t.Fatalf("%s cannot be set", name)
		}
	}
	f.Set("D", "added")
	f.Delete("B")
	f.SetNote("LEDGER_1", "first")
	f.SetNote("LEDGER_2", "other")
	f.SetNote("LEDGER_1", "second")
	f.SetNote("LEDGER_2", "")
	f.Set("E", "before the notes")
	const want = "# head\n\nC=c\nA='new $value' # last\n# foot\nD=added\nE='before the notes'\n# KEYPLUMB_LEDGER_1=second\n"
	if got := string(f.Bytes()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := f.Note("LEDGER_1"); got != "second" {
		t.Errorf("note %q", got)
	}
}

func TestQuoteForms(t *testing.T) {
	for value, want := range map[string]string{
		"simple":          "simple",
		"":                "''",
		"a b":             "'a b'",
		"a$b#c":           "'a$b#c'",
		`{"a":1}`:         `'{"a":1}'`,
		"one\ntwo\n":      "'one\ntwo\n'",
		"it's":            `"it's"`,
		"it's\ntwo":       "\"it's\ntwo\"",
		`it's "x" y`:      `it's "x" y`,
		`"it's" $x`:       `"\"it's\" \$x"`,
		"a\r\nb":          "\"a\\r\nb\"",
		`ends with \`:     `ends with \`,
		`C:\dir\`:         `C:\dir\`,
		"\tsurrounded ":   "'\tsurrounded '",
		"'":               `"'"`,
		`"`:               `'"'`,
		"byte \xff\xfe":   "'byte \xff\xfe'",
		"NEXT='2'\nA='1'": "\"NEXT='2'\nA='1'\"",
	} {
		got, ok := envfile.Quote("NAME", value)
		if !ok || got != "NAME="+want {
			t.Errorf("%q: %s, %v; want NAME=%s", value, got, ok, want)
		}
	}
	for _, value := range []string{"a\x00b", "it's $x \\", "'\n\\", "x\n'\""} {
		if got, ok := envfile.Quote("NAME", value); ok {
			t.Errorf("%q: written as %s, which some parser must read otherwise", value, got)
		}
	}
}

// TestSilent: the parser logs the names of unset variables, and what follows a
// dollar sign in a value looks like one.
func TestSilent(t *testing.T) {
	var logged bytes.Buffer
	logrus.SetOutput(&logged)
	t.Cleanup(func() { logrus.SetOutput(os.Stderr) })
	for _, value := range []string{"$canary", "it's $canary", "it's ${canary}", `'${canary:?canary}\`, "$$canary"} {
		envfile.Quote("NAME", value)
		if _, err := envfile.Parse([]byte("A=" + value + "\nB=\"" + value + "\"\n")); err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("an error shows the value: %v", err)
		}
	}
	if logged.Len() > 0 {
		t.Errorf("logged: %s", logged.String())
	}
}

// FuzzParse: no input makes it panic or show what it read, and what is read is
// written back as it was.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"A=b\n", "export A='b' # c\n", "A=\"b\\n$C\"\n\n# c\nD='e\nf'\n", "A", "=", "A='b\n", "\uFEFFA=b", "A: b\r\n", "A=\\$\n", "A[0]=\x00\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := envfile.Parse(data)
		if err != nil {
			if syntax, ok := errors.AsType[*envfile.SyntaxError](err); !ok || syntax.Line < 1 || syntax.Line > strings.Count(string(data), "\n")+1 {
				t.Fatalf("error %v", err)
			}
			return
		}
		if string(file.Bytes()) != string(data) {
			t.Fatal("not written back as it was")
		}
		again, err := envfile.Parse(file.Bytes())
		if err != nil || !maps.Equal(values(file), values(again)) {
			t.Fatalf("read otherwise the second time: %v", err)
		}
	})
}

// FuzzQuote: a value that can be written at all reads back the same with every
// parser, wherever it stands in a file, and leaves its neighbours alone.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{
		"", "x", "it's", `"`, `\`, "$A", "${A", "a\r\nb", "# c", "a # b # c", "'\"`\n", "\\\"", "KEY=b\n", "\uFEFF", "é\u0085\u00a0",
	} {
		f.Add(seed, "")
		f.Add(seed, "# a comment\nexport NAME='x' # why\nB=c\n")
	}
	f.Fuzz(func(t *testing.T, value, around string) {
		file, err := envfile.Parse([]byte(around))
		if err != nil {
			return
		}
		before := values(file)
		if !file.Set("NAME", value) {
			if string(file.Bytes()) != around {
				t.Fatal("a refused value changed the file")
			}
			return
		}
		before["NAME"] = value
		text := file.Bytes()
		again, err := envfile.Parse(text)
		if err != nil || !maps.Equal(values(again), before) {
			t.Fatalf("%q reads %q, want %q (%v)", text, values(again), before, err)
		}
		line, ok := envfile.Quote("NAME", value)
		if !ok {
			t.Fatal("set, but not quoted")
		}
		for parser, parse := range map[string]func() (map[string]string, error){
			"godotenv": func() (map[string]string, error) { return godotenv.Unmarshal(line) },
			"compose": func() (map[string]string, error) {
				return dotenv.ParseWithLookup(strings.NewReader(line), func(string) (string, bool) { return "", true })
			},
		} {
			if got, err := parse(); err != nil || got["NAME"] != value || len(got) != 1 {
				t.Fatalf("%s reads %q from %q: %v", parser, got, line, err)
			}
		}
	})
}
