package store_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

func TestFields(t *testing.T) {
	fields, ok := store.ParseFields([]byte(`{"a":"one","b":{"c":"two","d":{"e":3.10}},"b.c":"exact","n":null,"l":[1,"<"],"a":"later"}`))
	if !ok {
		t.Fatal("an object is none")
	}
	for field, want := range map[string]string{"a": "later", "b.c": "exact", "b.d.e": "3.10", "b.d": `{"e":3.10}`, "n": "", "l": `[1,"<"]`} {
		value, found := fields.Find(field)
		got, err := store.Render(value)
		if !found || err != nil || string(got) != want {
			t.Errorf("%s is %q (%v, %v), want %q", field, got, found, err, want)
		}
	}
	for _, field := range []string{"c", "b.", ".b", "b.d.e.f", "a.x", ""} {
		if _, found := fields.Find(field); found {
			t.Errorf("%q is found", field)
		}
	}
	if got, want := fields.Names(), []string{"a", "b.c", "b.d.e", "l", "n"}; !slices.Equal(got, want) {
		t.Errorf("names are %v, want %v", got, want)
	}
}

func TestNoFields(t *testing.T) {
	for _, text := range []string{"", "null", "[]", `"a"`, "{", `{"a":1} {"b":2}`, `{"a":1}x`, "plain"} {
		if fields, ok := store.ParseFields([]byte(text)); ok {
			t.Errorf("%q has the fields %v", text, fields.Names())
		}
	}
}

func TestDocument(t *testing.T) {
	about := store.Reading{Version: "7", Owner: "payments"}
	text := store.Document{Ref: "api", Text: []byte(`{"user":"kp","port": 5432}`), About: about}
	plain := store.Document{Ref: "api", Text: []byte("plain"), About: about}
	fields := store.Document{Ref: "api", Fields: store.Fields{"user": "kp"}, About: about}
	for _, tt := range []struct {
		document    store.Document
		field, want string
	}{
		{text, "", `{"user":"kp","port": 5432}`}, {text, "user", "kp"}, {text, "port", "5432"},
		{plain, "", "plain"}, {fields, "", `{"user":"kp"}`}, {fields, "user", "kp"},
	} {
		got := tt.document.Lookup(tt.field)
		if got.Err != nil || string(got.Value.Reveal()) != tt.want || got.Version != "7" || got.Owner != "payments" {
			t.Errorf("%q is %q, %+v; want %q", tt.field, got.Value.Reveal(), got, tt.want)
		}
	}
	for document, hinted := range map[*store.Document]bool{&text: false, &plain: true, &fields: false} {
		got := document.Lookup("other")
		err, ok := errors.AsType[*store.Error](got.Err)
		if !ok || !errors.Is(err, store.ErrNoField) || (err.Hint != "") != hinted || hinted == (len(err.Fields) > 0) {
			t.Errorf("%s: a field that is not there: %v, there are %v", document.Text, got.Err, err.Fields)
		}
	}
}
