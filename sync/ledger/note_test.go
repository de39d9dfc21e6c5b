package ledger

import (
	"encoding/base64"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
)

func note(t testing.TB, box *Box, name string, equal ...Digest) string {
	t.Helper()
	v := secret.New([]byte("the value of " + name))
	text, err := box.SealNote(id(name), box.Record(id(name), v, "v1", written.Unix()-60, nil), box.Label("mine"), equal, written)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestNoteRoundTrip(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "gitlab|host|project|1", "", "project:prod")
	v := secret.New([]byte("the value of NAME"))
	for n := range 5 {
		equal := []Digest{{1}, {2}, {3}, {4}}[:n]
		text := note(t, box, "NAME", equal...)
		if len(text) != NoteSize || NoteSize != 160 || strings.Trim(text[4:], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("a note of %d characters: %s", len(text), text)
		}
		l := NewNotes(box)
		if err := l.AddNote(id("NAME"), text); err != nil {
			t.Fatal(err)
		}
		e, _ := l.Entry(id("NAME"))
		want := Entry{ID: id("NAME"), Updated: written.Unix(), Label: box.Label("mine"), Settled: &Record{
			Fingerprint: l.Fingerprint(id("NAME"), v), Version: box.Version("v1"), Changed: written.Unix() - 60}}
		want.Equal = append(want.Equal, equal[:min(n, 3)]...)
		if !reflect.DeepEqual(e, want) {
			t.Errorf("opened %+v, want %+v", e, want)
		}
	}
}

// TestNotesDiffer: nothing of a note but its header is the same twice, even of
// one value at one time.
func TestNotesDiffer(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "a")
	seen := map[string]bool{}
	for range 100 {
		tail := note(t, box, "NAME")[20:]
		if seen[tail] {
			t.Fatal("the same note twice")
		}
		seen[tail] = true
	}
}

func TestNoteErrors(t *testing.T) {
	keys := Keys{Current: secret.NewKey()}
	box := NewBox(keys, "gitlab|host|project|1", "", "project:prod")
	text := note(t, box, "NAME")
	flipped := func(i int) string {
		c := byte('A')
		if text[i] == c {
			c = 'B'
		}
		return text[:i] + string(c) + text[i+1:]
	}
	tests := map[string]struct {
		box  *Box
		name string
		text string
		want error
	}{
		"another scope":    {NewBox(keys, "gitlab|host|project|1", "", "project:dev"), "NAME", text, ErrOtherScope},
		"another project":  {NewBox(keys, "gitlab|host|project|2", "", "project:prod"), "NAME", text, ErrOtherScope},
		"another key":      {NewBox(Keys{Current: secret.NewKey()}, "gitlab|host|project|1", "", "project:prod"), "NAME", text, ErrOtherKey},
		"another variable": {box, "OTHER", text, ErrForged},
		"a flipped record": {box, "NAME", flipped(60), ErrForged},
		"flipped digests":  {box, "NAME", flipped(140), ErrForged},
		"a flipped nonce":  {box, "NAME", flipped(20), ErrForged},
		"cut short":        {box, "NAME", text[:100], ErrFormat},
		"too long":         {box, "NAME", text + "AAAA", ErrFormat},
		"no note":          {box, "NAME", "", ErrFormat},
		"of a later form":  {box, "NAME", strings.Replace(text, "kp1", "kp2", 1), ErrFormat},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := NewNotes(test.box)
			if err := l.AddNote(id(test.name), test.text); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if len(l.Entries()) > 0 {
				t.Error("it was entered all the same")
			}
		})
	}
}

// TestNoteUnderPreviousKey: what the previous key sealed is read with it, and
// marked to be written again.
func TestNoteUnderPreviousKey(t *testing.T) {
	before, after := secret.NewKey(), secret.NewKey()
	text := note(t, NewBox(Keys{Current: before}, "a"), "OLD")
	l := NewNotes(NewBox(Keys{Current: after, Previous: before}, "a"))
	if err := errors.Join(l.AddNote(id("OLD"), text), l.AddNote(id("NEW"), note(t, NewBox(Keys{Current: after}, "a"), "NEW"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"OLD", "NEW"} {
		e, _ := l.Entry(id(name))
		if !e.Settled.Fingerprint.Equal(l.Fingerprint(id(name), secret.New([]byte("the value of "+name)))) {
			t.Errorf("%s is not known by its own key", name)
		}
		if l.Outdated(id(name)) != (name == "OLD") {
			t.Errorf("%s: outdated %v", name, l.Outdated(id(name)))
		}
		if !l.Described(id(name), "mine") || l.Described(id(name), "yours") || l.Described(id(name), "") {
			t.Errorf("%s: whose description it is was not told", name)
		}
	}
}

// TestNoteTimes: times that a note has no room for become the nearest.
func TestNoteTimes(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "a")
	for _, at := range []time.Time{{}, time.Unix(-1, 0), time.Unix(1<<33, 0)} {
		text, err := box.SealNote(id("A"), Record{Changed: unix(at)}, Label{}, nil, at)
		l := NewNotes(box)
		if err := errors.Join(err, l.AddNote(id("A"), text)); err != nil {
			t.Fatal(err)
		}
		want := min(max(unix(at), 0), 1<<32-1)
		if e, _ := l.Entry(id("A")); e.Updated != want || e.Settled.Changed != want {
			t.Errorf("%v became %d and %d", at, e.Updated, e.Settled.Changed)
		}
	}
}

func FuzzAddNote(f *testing.F) {
	box := NewBox(Keys{Current: secret.NewKey(), Previous: secret.NewKey()}, "a")
	f.Add(note(f, box, "NAME"))
	f.Add("kp1:")
	f.Fuzz(func(t *testing.T, text string) {
		l := NewNotes(box)
		if l.AddNote(id("OTHER"), text) == nil {
			t.Error("what nobody sealed was opened")
		}
	})
}

// TestNotePartsBelongTogether: who has the scope key alone seals no placement
// beside the equalities of another note.
func TestNotePartsBelongTogether(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "a")
	one, two := note(t, box, "NAME", Digest{1}), note(t, box, "NAME", Digest{2})
	const first = noteHeader + 12 + noteRecord + 16
	mixed, err := base64.RawURLEncoding.DecodeString(one[len(NotePrefix):])
	if err != nil {
		t.Fatal(err)
	}
	other, err := base64.RawURLEncoding.DecodeString(two[len(NotePrefix):])
	if err != nil {
		t.Fatal(err)
	}
	// A placement that is sealed anew under the same nonce, as the scope key lets
	// one do.
	nonce := mixed[noteHeader : noteHeader+12]
	aead, err := noteCipher(box.current.seal, id("NAME"))
	if err != nil {
		t.Fatal(err)
	}
	forged := aead.Seal(nil, nonce, make([]byte, noteRecord), box.noteAssociated(mixed[:noteHeader+12], id("NAME")))
	for name, raw := range map[string][]byte{
		"another's equalities": slices.Concat(mixed[:first], other[first:]),
		"another placement":    slices.Concat(mixed[:noteHeader+12], forged, mixed[first:]),
	} {
		l := NewNotes(box)
		if err := l.AddNote(id("NAME"), NotePrefix+base64.RawURLEncoding.EncodeToString(raw)); !errors.Is(err, ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
