package sops

import (
	"slices"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/stores"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A document is a file that has been decrypted.
type document struct {
	path     string
	format   format
	branches sops.TreeBranches
	version  string
	changed  time.Time
}

// lookup gives one field, or the whole.
func (d *document) lookup(field string) store.Reading {
	if field == "" || d.format.whole {
		return d.reading(d.format.store.EmitPlainFile(d.branches))
	}
	value, found := find(d.root(), field)
	if !found {
		return store.Reading{Err: &store.Error{
			Op: "read", Ref: d.path, Kind: store.ErrNoField, Detail: field, Fields: names(d.root()),
		}}
	}
	return d.reading(d.bytes(value))
}

func (d *document) reading(b []byte, err error) store.Reading {
	if err != nil {
		return store.Reading{Err: &store.Error{
			Op: "read", Ref: d.path, Kind: store.ErrUnreadable, Detail: "it cannot be written as " + d.format.name, Hint: restore,
		}}
	}
	return store.Reading{Value: secret.New(b), Version: d.version, Changed: d.changed}
}

// root is the one document of the file.
func (d *document) root() sops.TreeBranch {
	if len(d.branches) == 0 {
		return nil
	}
	return d.branches[0]
}

// bytes renders a value: text as it is; numbers, booleans and times as sops
// writes them into a dotenv file (42, 1.5, true, 2027-01-31T00:00:00Z); null as
// nothing; a list or a mapping as sops' --extract prints it, in the format of
// the file.
func (d *document) bytes(value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []byte(value), nil
	case []byte:
		return value, nil
	}
	if stores.IsComplexValue(value) {
		return d.format.store.EmitValue(value)
	}
	return []byte(stores.ValToString(value)), nil
}

// find looks a field up: the exact key, else the path that its dots make.
func find(branch sops.TreeBranch, field string) (any, bool) {
	if value, found := exact(branch, field); found {
		return value, true
	}
	for at := range len(field) {
		if field[at] != '.' {
			continue
		}
		child, _ := exact(branch, field[:at])
		if inner, ok := child.(sops.TreeBranch); ok {
			if value, found := find(inner, field[at+1:]); found {
				return value, true
			}
		}
	}
	return nil, false
}

// exact gives the value of a key. Of two equal keys the later one counts, as
// it does to readers of JSON.
func exact(branch sops.TreeBranch, key string) (any, bool) {
	for _, item := range slices.Backward(branch) {
		if name, ok := item.Key.(string); ok && name == key {
			return item.Value, true
		}
	}
	return nil, false
}

// names gives every field that can be read, nested ones by their path, sorted.
func names(branch sops.TreeBranch) []string {
	var out []string
	for _, item := range branch {
		name, ok := item.Key.(string)
		if !ok { // a comment
			continue
		}
		inner, nested := item.Value.(sops.TreeBranch)
		if !nested {
			out = append(out, name)
			continue
		}
		for _, below := range names(inner) {
			out = append(out, strings.Join([]string{name, below}, "."))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
