package envfile

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/joho/godotenv"
)

// Quote writes NAME=value so that this package, godotenv and Docker Compose
// read the value back byte for byte; it tells whether they can. They cannot
// where a value holds a NUL, and for a few mixtures of quotes, line breaks,
// dollar signs and a backslash at the end.
//
// What most parsers agree on comes first: nothing around a simple value, then
// single quotes, which no parser looks into, then double quotes without an
// escape. Where that fails come the forms in which parsers differ more. Each
// is tried out with the parsers rather than reasoned about.
func Quote(name, value string) (string, bool) { return quote("", name, value, "") }

func quote(prefix, name, value, suffix string) (string, bool) {
	if strings.Contains(value, "\x00") {
		return "", false
	}
	for _, form := range forms(value) {
		text := prefix + name + "=" + form + suffix
		if readsBack(text, name, value) {
			return text, true
		}
	}
	return "", false
}

// forms gives the ways to write a value, best first.
func forms(value string) []string {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\r", `\r`).Replace(value)
	out := []string{"'" + value + "'", `"` + value + `"`, value, `"` + escaped + `"`}
	if isPlain(value) {
		return append([]string{value}, out...)
	}
	return out
}

// isPlain tells whether every parser and every shell reads a value as it
// stands.
func isPlain(value string) bool {
	special := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_./:@%+,=-", r)
	}
	return value != "" && !strings.ContainsFunc(value, special)
}

// readsBack tells whether a line says just what is meant to every parser, also
// with another line behind it.
func readsBack(text, name, value string) bool {
	const next = "\nNEXT='1'\n"
	same := func(variables map[string]string, err error) bool {
		got, found := variables[name]
		return err == nil && found && got == value && (name == "NEXT" || len(variables) == 2 && variables["NEXT"] == "1")
	}
	file, err := Parse([]byte(text + next))
	if err != nil || len(file.statements) != 2 || file.statements[0].name != name || file.statements[0].value != value {
		return false
	}
	// Of a variable that is not set the parser writes a warning, with its name,
	// to standard error: after a dollar sign that is a part of the value.
	set := func(string) (string, bool) { return "", true }
	return same(dotenv.ParseWithLookup(strings.NewReader(text+next), set)) && same(godotenv.Unmarshal(text+next))
}
