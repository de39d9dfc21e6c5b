package sops_test

import (
	"testing"
	"testing/fstest"
	"time"

	"filippo.io/age"
	getsops "github.com/getsops/sops/v3"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/sops"
	"github.com/keyplumb/keyplumb/sync/store"
)

// source gives a source over one file, opened with the given identities.
func source(name string, data []byte, ids ...*age.X25519Identity) *sops.Source {
	var key []byte
	for _, id := range ids {
		key = append(key, id.String()+"\n"...)
	}
	return sops.New(sops.Options{FS: fstest.MapFS{name: {Data: data}}, AgeKey: secret.New(key)})
}

// read reads one field.
func read(t *testing.T, s store.Source, path, field string) store.Reading {
	t.Helper()
	readings := s.Read(t.Context(), []store.Reference{{Path: path, Field: field}})
	if len(readings) != 1 {
		t.Fatalf("%d readings for one reference", len(readings))
	}
	return readings[0]
}

func TestScalars(t *testing.T) {
	id := identity(t)
	plain := `# a comment
text: plain
empty: ""
nothing: null
whole: 42
negative: -7
real: 1.5
round: 3.0
yes: true
no: false
day: 2027-01-31
lines: |
  one
  two
nested:
  inner: deep
  a.b: dotted
nested.inner: exact
list: [1, two]
plain_unencrypted: seen
`
	data := recipe{extension: "yaml", plain: plain, groups: []getsops.KeyGroup{ageGroup(t, id)}}.encrypt(t)
	s := source("secrets.yaml", data, id)
	for field, want := range map[string]string{
		"text": "plain", "empty": "", "nothing": "", "whole": "42", "negative": "-7", "real": "1.5", "round": "3.0",
		"yes": "true", "no": "false", "day": "2027-01-31T00:00:00Z", "lines": "one\ntwo\n",
		"nested.inner": "exact", "nested.a.b": "dotted", "list": "- 1\n- two\n", "plain_unencrypted": "seen",
	} {
		got := read(t, s, "secrets.yaml", field)
		if got.Err != nil || string(got.Value.Reveal()) != want {
			t.Errorf("%s: %q, %v; want %q", field, got.Value.Reveal(), got.Err, want)
		}
		if want := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC); !got.Changed.Equal(want) {
			t.Errorf("%s: changed %v, want %v", field, got.Changed, want)
		}
	}
}
