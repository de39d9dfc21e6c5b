// Package envfile reads and edits dotenv files so that every value stays what
// it is, byte for byte.
//
// The format has no specification. The parser is Docker Compose's, which knows
// single and double quotes, values of many lines and export, and undoes the
// escapes of double quotes (\n, \r, \t, \", \\, \$ …). Like its relatives it
// replaces $NAME by a variable's value, which would make another secret of one
// that holds a dollar sign: dollar signs are hidden from it and put back, so
// that nothing is expanded.
//
// A file is taken apart into statements, each the fewest lines that the parser
// accepts; what is not touched is written back as it was.
package envfile

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

// MaxSize is the size of the largest file that should be read, in bytes.
const MaxSize = 1 << 20

// maxStatement bounds the text of one variable, in bytes, and with it the time
// that a file with a stray quote can take.
const maxStatement = 256 << 10

// A SyntaxError tells where a file is malformed. It never quotes the line.
type SyntaxError struct {
	Line   int // from 1
	Detail string
}

// Error gives one line.
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Detail) }

// A statement is one variable, or a line that defines none.
type statement struct {
	text  string // with its line break
	name  string // "" for a comment or a blank line
	value string
}

// A File is a dotenv file, taken apart.
type File struct{ statements []statement }

// Parse takes a file apart. The error is a *[SyntaxError].
func Parse(data []byte) (*File, error) {
	f := &File{}
	rest, line := string(data), 1
	for rest != "" {
		s, detail := next(rest)
		if detail != "" {
			return nil, &SyntaxError{Line: line, Detail: detail}
		}
		f.statements = append(f.statements, s)
		rest = rest[len(s.text):]
		line += strings.Count(s.text, "\n")
	}
	return f, nil
}

// next gives the first statement of a text that is not empty: the fewest lines
// that the parser accepts.
func next(text string) (s statement, detail string) {
	end := 0
	for line := range strings.Lines(text) {
		end += len(line)
		if end > maxStatement {
			break
		}
		// Only a quote can end a value of several lines.
		if end > len(line) && !strings.ContainsAny(line, `'"`) {
			continue
		}
		variables, err := parse(text[:end])
		if err != nil && strings.ContainsAny(text[:end], `'"`) {
			continue
		}
		return single(text[:end], variables, err)
	}
	return statement{}, "a quote is not closed"
}

// single makes a statement of what the parser found.
func single(text string, variables map[string]string, err error) (s statement, detail string) {
	switch {
	case err != nil:
		return statement{}, "not of the form NAME=VALUE"
	case len(variables) > 1:
		return statement{}, "something follows the closing quote"
	}
	s.text = text
	for name, value := range variables {
		s.name, s.value = name, value
	}
	return s, ""
}

// parse runs the parser over a text in which no dollar sign is left.
//
// The stand-in begins with an a, so that where the parser undoes escapes \$
// becomes the bell character and the rest, which can be told from $; where it
// does not, \$ stays as it was written.
func parse(text string) (map[string]string, error) {
	rest := rand.Text()
	hide := strings.NewReplacer("$", "a"+rest)
	show := strings.NewReplacer("\a"+rest, "$", "a"+rest, "$")

	bare := false
	// The parser takes what stands before a line's end for the name of a
	// variable to be inherited, and what stands before the file's for a value.
	variables, err := dotenv.ParseWithLookup(strings.NewReader(hide.Replace(text)+"\n"), func(string) (string, bool) {
		bare = true
		return "", false
	})
	if err != nil || bare {
		return nil, &SyntaxError{}
	}
	for name, value := range variables {
		if name == "" || strings.Contains(name, rest) {
			return nil, &SyntaxError{}
		}
		variables[name] = show.Replace(value)
	}
	return variables, nil
}
