package azure_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/store"
)

// wanted is what reading a reference comes to.
type wanted struct {
	ref   store.Reference
	value string
	kind  error
	says  string // in the error, or in its hint
}

func (w wanted) check(t *testing.T, source store.Source) {
	t.Helper()
	got := readOne(t.Context(), t, source, w.ref)
	text := fmt.Sprint(got.Err, " ", store.Hint(got.Err))
	switch {
	case w.kind == nil && (got.Err != nil || string(got.Value.Reveal()) != w.value):
		t.Errorf("%s: %s, want a value", w.ref, text)
	case w.kind != nil && (!errors.Is(got.Err, w.kind) || !strings.Contains(text, w.says) || !got.Value.IsEmpty()):
		t.Errorf("%s: %s; want %v, saying %q", w.ref, text, w.kind, w.says)
	case w.kind != nil && !errors.Is(w.kind, store.ErrNoField) && store.Hint(got.Err) == "":
		t.Errorf("%s: %v has no hint", w.ref, got.Err)
	}
}

func TestRead(t *testing.T) {
	s := newServer(t)
	first := s.Set("api", "one", emulator.Properties{})
	s.Vault.Clock().Advance(time.Second)
	second := s.Set("api", `{"USER": "u", "DEEP": {"KEY": "k", "N": 1e400}}`, emulator.Properties{})
	s.Set("alone", "only", emulator.Properties{})
	s.Set("text", "no object", emulator.Properties{})
	past, future := time.Now().AddDate(-1, 0, 0), time.Now().AddDate(30, 0, 0)
	s.Set("expired", "old", emulator.Properties{Expires: past})
	s.Set("begun", "now", emulator.Properties{NotBefore: past})
	s.Set("early", "soon", emulator.Properties{NotBefore: future})
	s.Set("off", "never", emulator.Properties{Disabled: true})
	s.Set("gone", "x", emulator.Properties{})
	s.Delete("gone")
	s.Set("Case", "name", emulator.Properties{})
	source := open(t, s.options())
	for _, w := range []wanted{
		{ref: store.Reference{Path: "api", Version: first}, value: "one"},
		{ref: store.Reference{Path: "api", Version: "previous"}, value: "one"},
		{ref: store.Reference{Path: "api", Version: second, Field: "USER"}, value: "u"},
		{ref: store.Reference{Path: "api", Field: "DEEP.KEY"}, value: "k"},
		{ref: store.Reference{Path: "api", Field: "DEEP.N"}, value: "1e400"},
		{ref: store.Reference{Path: "api", Field: "NONE"}, kind: store.ErrNoField, says: "NONE"},
		{ref: store.Reference{Path: "text"}, value: "no object"},
		{ref: store.Reference{Path: "text", Field: "KEY"}, kind: store.ErrNoField, says: "the secret is no JSON object"},
		{ref: store.Reference{Path: "expired"}, value: "old"},
		{ref: store.Reference{Path: "begun"}, value: "now"},
		{ref: store.Reference{Path: "early"}, kind: store.ErrDenied, says: "it is not valid before " + future.UTC().Format(time.DateTime) + " UTC"},
		{ref: store.Reference{Path: "off"}, kind: store.ErrDenied, says: "it is disabled"},
		{ref: store.Reference{Path: "gone"}, kind: store.ErrNotFound, says: "az keyvault secret recover"},
		{ref: store.Reference{Path: "none"}, kind: store.ErrNotFound, says: "has no such secret"},
		{ref: store.Reference{Path: "api", Version: strings.Repeat("0", 32)}, kind: store.ErrNotFound, says: "it has no such version"},
		{ref: store.Reference{Path: "alone", Version: "previous"}, kind: store.ErrNotFound, says: "there is no version before the first"},
		{ref: store.Reference{Path: "none", Version: "previous"}, kind: store.ErrNotFound, says: "has no such secret"},
		{ref: store.Reference{Path: "case"}, kind: store.ErrNotFound, says: "has no such secret"},
		{ref: store.Reference{Path: "a_b"}, kind: store.ErrInvalid, says: "letters, digits and dashes"},
		{ref: store.Reference{Path: "a/b"}, kind: store.ErrInvalid, says: "letters, digits and dashes"},
		{ref: store.Reference{Path: ".."}, kind: store.ErrInvalid, says: "letters, digits and dashes"},
		{ref: store.Reference{}, kind: store.ErrInvalid, says: "letters, digits and dashes"},
		{ref: store.Reference{Path: "api", Version: "1"}, kind: store.ErrInvalid, says: "32 hexadecimal digits"},
	} {
		w.check(t, source)
	}
}

// TestAbout: what a vault knows of a version goes with its value, and is had
// without it.
func TestAbout(t *testing.T) {
	s := newServer(t)
	made := s.Vault.Clock().Now()
	expires := made.AddDate(0, 1, 0)
	first := s.Set("api", "one", emulator.Properties{Expires: expires, Tags: map[string]string{"Owner": "payments", "other": "x"}})
	s.Vault.Clock().Advance(time.Hour)
	second := s.Set("api", "two", emulator.Properties{})
	s.Vault.Clock().Advance(time.Hour)
	s.Change("api", first, emulator.Properties{Expires: expires, Tags: map[string]string{"owner": "payments"}})
	s.Set("off", "never", emulator.Properties{Disabled: true})
	s.Grant(client, "list", "get")
	source := open(t, s.options())
	refs := []store.Reference{{Path: "api"}, {Path: "api", Version: first}, {Path: "api", Version: "previous", Field: "NONE"}}
	want := []store.Reading{{Version: second, Changed: made.Add(time.Hour)}, {Version: first, Changed: made, Expires: expires, Owner: "payments"}, {Version: first, Changed: made, Expires: expires, Owner: "payments"}}
	refs[2].Field = ""
	for i, got := range source.Read(t.Context(), refs) {
		if got.Value.IsEmpty() || !alike(got, want[i]) {
			t.Errorf("read %s: %+v, want %+v", refs[i], got, want[i])
		}
	}
	// To describe is to list, and the values stay where they are.
	s.Grant(client, "list")
	s.ForgetRequests()
	source = open(t, s.options())
	refs[2].Field = "NONE"
	for i, got := range source.Describe(t.Context(), refs) {
		if !got.Value.IsEmpty() || !alike(got, want[i]) {
			t.Errorf("describe %s: %+v, want %+v", refs[i], got, want[i])
		}
	}
	for path := range asked(s.Requests()) {
		if !strings.HasSuffix(path, "/versions") {
			t.Errorf("%s was asked", path)
		}
	}
	for ref, kind := range map[store.Reference]error{
		{Path: "none"}: store.ErrNotFound, {Path: "off"}: store.ErrDenied, {Path: "a_b"}: store.ErrInvalid,
		{Path: "api", Version: strings.Repeat("0", 32)}: store.ErrNotFound,
	} {
		if got := source.Describe(t.Context(), []store.Reference{ref}); !errors.Is(got[0].Err, kind) {
			t.Errorf("describe %s: %v, want %v", ref, got[0].Err, kind)
		}
	}
	s.Grant(client, "get")
	if got := open(t, s.options()).Describe(t.Context(), refs[:1]); !errors.Is(got[0].Err, store.ErrDenied) || !strings.Contains(got[0].Err.Error(), "list secrets") {
		t.Errorf("without the permission to list: %v", got[0].Err)
	}
}

// alike compares what readings say besides the value.
func alike(a, b store.Reading) bool {
	return a.Version == b.Version && a.Changed.Equal(b.Changed) && a.Expires.Equal(b.Expires) && a.Owner == b.Owner && a.Err == nil && b.Err == nil
}

// TestPrevious: the versions come in pages, in the order of ids that say
// nothing, and what was made in one second has no order.
func TestPrevious(t *testing.T) {
	s := newServer(t)
	for i := range 60 {
		s.Vault.Clock().Advance(time.Second)
		s.Set("many", fmt.Sprint("value ", i), emulator.Properties{})
	}
	source := open(t, s.options())
	previous := store.Reference{Path: "many", Version: "previous"}
	wanted{ref: previous, value: "value 58"}.check(t, source)
	if n := asked(s.Requests())["GET /secrets/many/versions"]; n != 4 { // one is challenged
		t.Errorf("%d requests for 3 pages", n)
	}
	s.Set("many", "value 60", emulator.Properties{})
	wanted{ref: previous, kind: store.ErrInvalid, says: "in the same second"}.check(t, source)
	s.Vault.Clock().Advance(time.Second)
	s.Set("many", "value 61", emulator.Properties{})
	wanted{ref: previous, kind: store.ErrInvalid, says: "in the same second"}.check(t, source)
	s.Vault.Clock().Advance(time.Second)
	s.Set("many", "value 62", emulator.Properties{})
	wanted{ref: previous, value: "value 61"}.check(t, source)
}

// TestRequests: one login, one challenge, and one request for each secret,
// however many fields are read of it, and by how many at once.
func TestRequests(t *testing.T) {
	s := newServer(t)
	var refs []store.Reference
	for i := range 60 {
		name := fmt.Sprint("secret-", i)
		s.Set(name, `{"A": "a", "B": "b"}`, emulator.Properties{})
		refs = append(refs, store.Reference{Path: name, Field: "A"}, store.Reference{Path: name, Field: "B"})
	}
	source := open(t, s.options())
	for i, got := range source.Read(t.Context(), refs) {
		if got.Err != nil {
			t.Fatalf("%s: %v", refs[i], got.Err)
		}
	}
	if n := len(s.Requests()); n != 61 {
		t.Errorf("%d requests of the vault, want 61", n)
	}
	if n := len(s.entra.Requests()); n != 2 || len(s.entra.Tokens()) != 1 {
		t.Errorf("%d requests of Entra, %d tokens", n, len(s.entra.Tokens()))
	}
	if requests, writes := source.Requests(); requests != 63 || writes != 0 {
		t.Errorf("counted %d requests and %d writes", requests, writes)
	}
}
