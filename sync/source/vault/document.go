package vault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A document is a secret that has been read.
type document struct {
	ref string
	edition
}

// lookup gives one field, or the whole.
func (d document) lookup(field string) store.Reading {
	value, found := any(d.data), true
	if field != "" {
		value, found = find(d.data, field)
	}
	if !found {
		return store.Reading{Err: &store.Error{Op: "read", Ref: d.ref, Kind: store.ErrNoField, Detail: field, Fields: names(d.data)}}
	}
	text, err := render(value)
	if err != nil {
		return store.Reading{Err: &store.Error{Op: "read", Ref: d.ref, Kind: store.ErrUnreadable, Detail: "it cannot be written as JSON"}}
	}
	return store.Reading{Value: secret.New(text), Version: d.version(), Changed: d.created}
}

// version names an edition: by the time, too, since numbers begin anew where a
// secret was removed with all its versions.
func (d document) version() string {
	if d.number == 0 {
		return ""
	}
	return fmt.Sprintf("%d at %s", d.number, d.created.UTC().Format(time.RFC3339Nano))
}

// render gives the bytes of a value: text as it is, null as nothing, everything
// else as JSON, keys sorted, numbers as Vault wrote them.
func render(value any) ([]byte, error) {
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

// find looks a field up: the exact key, else the path that its dots make.
func find(fields map[string]any, field string) (any, bool) {
	if value, found := fields[field]; found {
		return value, true
	}
	for at := range len(field) {
		if field[at] != '.' {
			continue
		}
		if inner, ok := fields[field[:at]].(map[string]any); ok {
			if value, found := find(inner, field[at+1:]); found {
				return value, true
			}
		}
	}
	return nil, false
}

// names gives every field that can be read, nested ones by their path, sorted.
func names(fields map[string]any) []string {
	var out []string
	for name, value := range fields {
		inner, nested := value.(map[string]any)
		if !nested {
			out = append(out, name)
			continue
		}
		for _, below := range names(inner) {
			out = append(out, name+"."+below)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
