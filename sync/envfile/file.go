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

// Set gives a variable its value, where it stands or at the end. An export
// before it and a comment behind it stay. It tells whether the value can be
// written, see [Quote]; if not, nothing is changed.
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
			f.add(statement{text: text + "\n", name: name, value: value})
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

// Note gives the text of the comment "# KEY=text".
func (f *File) Note(key string) string {
	for _, s := range f.statements {
		if text, found := strings.CutPrefix(s.text, "# "+key+"="); found {
			return strings.TrimRight(text, "\r\n")
		}
	}
	return ""
}

// SetNote writes the comment "# KEY=text", where it stands or at the end; an
// empty text removes it. The text is one line.
func (f *File) SetNote(key, text string) {
	isNote := func(s statement) bool { return strings.HasPrefix(s.text, "# "+key+"=") }
	note := statement{text: "# " + key + "=" + text + "\n"}
	at := slices.IndexFunc(f.statements, isNote)
	switch {
	case text == "":
		f.statements = slices.DeleteFunc(f.statements, isNote)
	case at < 0:
		f.add(note)
	default:
		f.statements[at] = note
	}
}

// add puts a statement at the end, on a line of its own.
func (f *File) add(s statement) {
	if n := len(f.statements); n > 0 && !strings.HasSuffix(f.statements[n-1].text, "\n") {
		f.statements[n-1].text += "\n"
	}
	f.statements = append(f.statements, s)
}
