package envfile

import (
	"slices"
	"strings"
)

// Bytes gives the file's text.
func (f *File) Bytes() []byte {
	var out []byte
	for _, s := range f.statements {
		out = append(out, s.text...)
	}
	return out
}

// Names gives the names of the variables in the order in which they stand,
// each once.
func (f *File) Names() []string {
	var out []string
	for _, s := range f.statements {
		if s.name != "" && !slices.Contains(out, s.name) {
			out = append(out, s.name)
		}
	}
	return out
}

// Value gives a variable's value: the last one, where it is defined twice.
func (f *File) Value(name string) (string, bool) {
	for _, s := range slices.Backward(f.statements) {
		if s.name == name {
			return s.value, true
		}
	}
	return "", false
}

// Set gives a variable its value, where it stands or at the end, before the
// notes. An export before it and a comment behind it stay. It tells whether
// the value can be written, see [Quote]; if not, nothing is changed.
func (f *File) Set(name, value string) bool {
	at := -1
	for i, s := range f.statements {
		if s.name == name {
			at = i
		}
	}
	if at < 0 {
		text, ok := Quote(name, value)
		if ok {
			f.insert(f.end(), statement{text: text + "\n", name: name, value: value})
		}
		return ok
	}
	text, ok := f.statements[at].rewrite(value)
	if !ok {
		return false
	}
	f.statements[at].text, f.statements[at].value = text, value
	kept := f.statements[at].text
	f.statements = slices.DeleteFunc(f.statements, func(s statement) bool { return s.name == name && s.text != kept })
	return true
}

// rewrite gives the text of a statement with another value.
func (s statement) rewrite(value string) (string, bool) {
	prefix, rest, comment := "", strings.TrimLeft(s.text, " \t"), s.comment()
	if strings.HasPrefix(rest, "export ") || strings.HasPrefix(rest, "export\t") {
		prefix = "export "
	}
	for _, suffix := range []string{comment, ""} {
		if text, ok := quote(prefix, s.name, value, suffix); ok {
			return text + "\n", true
		}
	}
	return "", false
}

// comment gives what stands behind a value on its line: the longest end of the
// line without which the parser finds the same value.
func (s statement) comment() string {
	line := strings.TrimRight(s.text, "\r\n")
	if strings.Contains(line, "\n") {
		return ""
	}
	for at := range len(line) {
		if !strings.HasPrefix(line[at:], " #") {
			continue
		}
		if variables, err := parse(line[:at]); err == nil && variables[s.name] == s.value {
			return line[at:]
		}
	}
	return ""
}

// Delete removes a variable.
func (f *File) Delete(name string) {
	f.statements = slices.DeleteFunc(f.statements, func(s statement) bool { return s.name == name })
}

// notePrefix begins the comments that are keyplumb's own: "# KEYPLUMB_KEY=text".
// They stand at the end of a file.
const notePrefix = "# KEYPLUMB_"

// Note gives the text of the note under a key, "" where there is none.
func (f *File) Note(key string) string {
	for _, s := range f.statements {
		if text, found := strings.CutPrefix(s.text, notePrefix+key+"="); found {
			return strings.TrimRight(text, "\r\n")
		}
	}
	return ""
}

// SetNote writes a note, where it stands or at the end; an empty text removes
// it. The text is one line.
func (f *File) SetNote(key, text string) {
	isNote := func(s statement) bool { return strings.HasPrefix(s.text, notePrefix+key+"=") }
	note := statement{text: notePrefix + key + "=" + text + "\n"}
	at := slices.IndexFunc(f.statements, isNote)
	switch {
	case text == "":
		f.statements = slices.DeleteFunc(f.statements, isNote)
	case at < 0:
		f.insert(len(f.statements), note)
	default:
		f.statements[at] = note
	}
}

// end is where a new variable goes: before the notes.
func (f *File) end() int {
	at := len(f.statements)
	for at > 0 && strings.HasPrefix(f.statements[at-1].text, notePrefix) {
		at--
	}
	return at
}

// insert puts a statement on a line of its own.
func (f *File) insert(at int, s statement) {
	if at > 0 && !strings.HasSuffix(f.statements[at-1].text, "\n") {
		f.statements[at-1].text += "\n"
	}
	f.statements = slices.Insert(f.statements, at, s)
}
