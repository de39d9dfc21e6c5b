package plan

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/secret"
)

func TestASavedPlanIsBoundToWhatItRestsOn(t *testing.T) {
	ledgerKey := secret.NewKey()
	w := settledWorld()
	want := map[ledger.ID]variable{key: {value: "new", attributes: "all"}}
	save := func(change func(*Basis, []Scope)) Saved {
		scopes := w.scope(want)
		basis := Basis{Policy: [32]byte{1}, Commit: "c0ffee", Options: SavedOptions{MaxDelete: 10}}
		change(&basis, scopes)
		basis.Scopes = scopes
		p := Make(scopes, Options{}, w.clock)
		return p.Save(ledgerKey, basis)
	}
	same := func(*Basis, []Scope) {}
	saved := save(same)
	for _, tt := range []struct {
		name   string
		change func(*Basis, []Scope)
		want   string
	}{
		{"nothing", same, ""},
		{"policy", func(b *Basis, _ []Scope) { b.Policy[0] = 2 }, "policy"},
		{"commit", func(b *Basis, _ []Scope) { b.Commit = "decade" }, "commit"},
		{"value", func(_ *Basis, s []Scope) { s[0].Desired[0].Value = secret.New([]byte("newer")) }, "source"},
		{"version", func(_ *Basis, s []Scope) { s[0].Desired[0].Version = "2" }, "source"},
		{"target", func(_ *Basis, s []Scope) {
			s[0].Items[0].Updated = w.clock.Add(5)
			s[0].Items[0].Updated = w.clock.AddDate(0, 0, 1)
		}, "target"},
		{"another host", func(_ *Basis, s []Scope) { s[0].Identity = "github|elsewhere" }, "target"},
		{"another item", func(_ *Basis, s []Scope) { s[0].Items = append(s[0].Items, s[0].Items[0]) }, "target"},
		{"options", func(b *Basis, _ []Scope) { b.Options.Prune = true }, "another plan"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := saved.Matches(save(tt.change))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrStale) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want stale because of the %s", err, tt.want)
			}
		})
	}
}

func TestASavedPlanThatWasEditedIsRefused(t *testing.T) {
	ledgerKey := secret.NewKey()
	w := newWorld()
	scopes := w.scope(one)
	p := Make(scopes, Options{}, w.clock)
	var file bytes.Buffer
	if err := p.Save(ledgerKey, Basis{Scopes: scopes}).Write(&file); err != nil {
		t.Fatal(err)
	}
	text := file.String()
	if _, err := ReadSaved([]byte(text), ledgerKey); err != nil {
		t.Fatalf("what was saved is not read: %v", err)
	}
	for name, tt := range map[string]struct {
		text string
		key  secret.Key
		want error
	}{
		"edited":         {strings.Replace(text, `"create"`, `"delete"`, 1), ledgerKey, ErrForged},
		"another key":    {text, secret.NewKey(), ErrForged},
		"unknown field":  {strings.Replace(text, `"version"`, `"more": 1, "version"`, 1), ledgerKey, ErrNotAPlan},
		"later version":  {strings.Replace(text, `"version": 1`, `"version": 2`, 1), ledgerKey, ErrNotAPlan},
		"two plans":      {text + text, ledgerKey, ErrNotAPlan},
		"a brace more":   {text + "}", ledgerKey, ErrNotAPlan},
		"cut short":      {text[:len(text)/2], ledgerKey, ErrNotAPlan},
		"no JSON":        {"hello", ledgerKey, ErrNotAPlan},
		"without a MAC":  {text[:strings.Index(text, `"mac"`)] + `"mac": ""}`, ledgerKey, ErrForged},
		"empty document": {"{}", ledgerKey, ErrNotAPlan},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ReadSaved([]byte(tt.text), tt.key); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	if strings.Contains(text, "right") {
		t.Error("the file shows the value")
	}
}

// FuzzReadSaved changes a saved plan: what is still accepted says what was
// saved, however it is written.
func FuzzReadSaved(f *testing.F) {
	fixed, err := secret.ParseKey(strings.Repeat("A", 43) + "=")
	if err != nil {
		f.Fatal(err)
	}
	w := newWorld()
	scopes := w.scope(one)
	p := Make(scopes, Options{}, w.clock)
	save := func(key secret.Key) string {
		var file bytes.Buffer
		if err := p.Save(key, Basis{Scopes: scopes, Options: SavedOptions{Adopt: []string{"A"}, MaxDelete: 10}}).Write(&file); err != nil {
			f.Fatal(err)
		}
		return file.String()
	}
	// The key is the same for every process that fuzzes, and another one for
	// another plan: go test keeps what it found, and what was saved by an
	// earlier version of this test was saved, too.
	ledgerKey := fixed.Derive("fuzz", save(fixed))
	saved := save(ledgerKey)
	f.Add([]byte(saved))
	f.Add([]byte(`{"version":1,"changes":[],"mac":""}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := ReadSaved(text, ledgerKey)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := read.Write(&again); err != nil || again.String() != saved {
			t.Errorf("accepted what was never saved: %v, %s", err, again.String())
		}
	})
}
