package store

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// A Document is a secret that has been read: its fields, or else a text, which
// may be a JSON object and so have fields.
type Document struct {
	Ref    string // for messages: path, and @version where one was asked for
	Fields Fields // of a store whose secrets are structured
	Text   []byte // of one whose secrets are one value
	About  Reading
}

// Lookup gives one field; "" is the whole, which of fields is a JSON object
// with sorted keys. What [Document.About] says is passed on.
func (d Document) Lookup(field string) Reading {
	fields := d.Fields
	if fields == nil && field != "" {
		fields, _ = ParseFields(d.Text)
	}
	value, found := any(map[string]any(fields)), true
	switch {
	case field != "":
		value, found = fields.Find(field)
	case d.Fields == nil:
		value = string(d.Text)
	}
	if !found {
		err := &Error{Op: "read", Ref: d.Ref, Kind: ErrNoField, Detail: field, Fields: fields.Names()}
		if fields == nil {
			err.Hint = "the secret is no JSON object, so it has no fields; field: \"\" is the whole of it"
		}
		return Reading{Err: err}
	}
	text, err := Render(value)
	if err != nil {
		return Reading{Err: &Error{Op: "read", Ref: d.Ref, Kind: ErrUnreadable, Detail: "it cannot be written as JSON"}}
	}
	got := d.About
	got.Value = secret.New(text)
	return got
}

// Fields are what a structured secret holds, by name: strings, further fields,
// and whatever else JSON has. Numbers are json.Number: as they were written.
type Fields map[string]any

// ParseFields reads a JSON object (RFC 8259); ok is false where the text is
// none. Of two equal keys the later one counts.
func ParseFields(text []byte) (fields Fields, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	if decoder.Decode(&object) != nil || object == nil {
		return nil, false
	}
	_, err := decoder.Token() // whatever comes after the object
	return object, err == io.EOF
}

// Find looks a field up: the exact key, else the path that its dots make.
func (f Fields) Find(field string) (value any, found bool) {
	if value, found := f[field]; found {
		return value, true
	}
	for at := range len(field) {
		if field[at] != '.' {
			continue
		}
		if inner, ok := f[field[:at]].(map[string]any); ok {
			if value, found := Fields(inner).Find(field[at+1:]); found {
				return value, true
			}
		}
	}
	return nil, false
}

// Names gives every field that can be read, nested ones by their path, sorted.
func (f Fields) Names() []string {
	var out []string
	for name, value := range f {
		inner, nested := value.(map[string]any)
		if !nested {
			out = append(out, name)
			continue
		}
		for _, below := range Fields(inner).Names() {
			out = append(out, name+"."+below)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Render gives the bytes of a field's value: text as it is, null as nothing,
// everything else as JSON, keys sorted, numbers as they were written.
func Render(value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(value), nil
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
