package ledger

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
)

var written = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func id(name string) ID { return ID{Kind: "secret", Name: name} }

// fill makes a ledger of n settled entries and gives its shards' texts.
func fill(t *testing.T, box *Box, n int) (*Ledger, map[int]string) {
	t.Helper()
	l := New(box)
	for i := range n {
		name := fmt.Sprintf("A_NAME_OF_SOME_LENGTH_%03d", i)
		l.Begin(id(name), box.Record(id(name), secret.New([]byte(name)), "v1", written.Unix(), map[string]string{"visibility": "all"}), []Digest{box.Equality(secret.New([]byte(name)))})
		l.Settle(id(name), written)
	}
	return l, sealAll(t, l)
}

func sealAll(t *testing.T, l *Ledger) map[int]string {
	t.Helper()
	sealed, err := l.Seal()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[int]string{}
	for _, s := range sealed {
		texts[s.Shard] = s.Text
	}
	return texts
}

func reopen(t *testing.T, box *Box, texts map[int]string) *Ledger {
	t.Helper()
	l, shards, err := Open(box, texts[1])
	if err != nil {
		t.Fatal(err)
	}
	if shards != len(texts) {
		t.Fatalf("the first shard counts %d, there are %d", shards, len(texts))
	}
	for n := 2; n <= shards; n++ {
		if err := l.Add(texts[n]); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestRoundTrip(t *testing.T) {
	keys := Keys{Current: secret.NewKey()}
	for _, n := range []int{0, 1, 3, 100, 150, 151, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			box := NewBox(keys, "github", "environment:prod")
			l, texts := fill(t, box, n)
			if n == 0 {
				l.Begin(id("X"), Record{}, nil)
				l.Forget(id("X"))
				texts = sealAll(t, l)
			}
			got := reopen(t, box, texts)
			if !reflect.DeepEqual(got.Entries(), l.Entries()) {
				t.Error("what was opened is not what was sealed")
			}
		})
	}
}

// A scope of up to 100 secrets must need one shard, and no shard may grow past
// the 48 KB of one variable.
func TestShardSizes(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "x")
	if _, texts := fill(t, box, 100); len(texts) != 1 {
		t.Errorf("100 entries take %d shards, want 1", len(texts))
	}
	l := New(box)
	for i := range 400 {
		name := fmt.Sprintf("%s_%03d", strings.Repeat("LONG", 20+i%20), i)
		attributes := map[string]string{"repositories": strings.Repeat("repository,", 5000)}
		l.Begin(id(name), box.Record(id(name), secret.New([]byte(name)), "v", 1, attributes), make([]Digest, 4))
		l.Settle(id(name), written)
		l.Begin(id(name), box.Record(id(name), secret.New([]byte(name)), "v", 1, attributes), make([]Digest, 4))
	}
	for n, text := range sealAll(t, l) {
		if len(text) > 48<<10 {
			t.Errorf("shard %d has %d bytes", n, len(text))
		}
	}
}

// An entry stays in its shard, whatever comes and goes around it.
func TestEntriesStay(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "x")
	l, _ := fill(t, box, 160)
	l.Begin(id("A_NAME_OF_SOME_LENGTH_159"), Record{}, nil)
	if touched := l.Touched(); len(touched) != 1 || touched[0] != 2 {
		t.Errorf("touched %v, want the second shard alone", touched)
	}
}

func TestGrowingWritesTheNewShardFirst(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "x")
	l, _ := fill(t, box, 1)
	for i := range 200 {
		l.Begin(id(fmt.Sprint("MORE_", i)), Record{}, nil)
	}
	sealed, err := l.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != 2 || sealed[0].Shard != 2 || !sealed[0].New || sealed[1].Shard != 1 || sealed[1].New {
		t.Errorf("sealed %d shards, the new one not first", len(sealed))
	}
}

func TestWhyItDoesNotOpen(t *testing.T) {
	keys := Keys{Current: secret.NewKey()}
	box := NewBox(keys, "github|1", "environment:prod")
	_, texts := fill(t, box, 160)
	flip := func(text string, at int) string {
		b := []byte(text)
		if b[at] == 'A' {
			b[at] = 'B'
		} else {
			b[at] = 'A'
		}
		return string(b)
	}
	for _, tt := range []struct {
		name string
		box  *Box
		text string
		want error
	}{
		{"another key", NewBox(Keys{Current: secret.NewKey()}, "github|1", "environment:prod"), texts[1], ErrOtherKey},
		{"another scope", NewBox(keys, "github|1", "environment:dev"), texts[1], ErrOtherScope},
		{"a repository made anew", NewBox(keys, "github|2", "environment:prod"), texts[1], ErrOtherScope},
		{"forged", box, flip(texts[1], 200), ErrForged},
		{"forged equalities", box, flip(texts[1], len(texts[1])-8), ErrForged},
		{"cut short", box, texts[1][:len(texts[1])/2/4*4], ErrForged},
		{"shards swapped", box, texts[2], ErrForged},
		{"no ledger", box, "hello", ErrFormat},
		{"a later format", box, flip(texts[1], 4), ErrFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := Open(tt.box, tt.text); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestNothingStandsInClear(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "x")
	_, texts := fill(t, box, 3)
	again, _ := fill(t, box, 3)
	if strings.Contains(texts[1], "A_NAME") {
		t.Error("a name stands in clear")
	}
	if texts[1] == again.Texts()[0] {
		t.Error("sealing is not random")
	}
	// One entry or three: the length tells nothing.
	_, one := fill(t, box, 1)
	_, two := fill(t, box, 2)
	if len(one[1]) != len(two[1]) {
		t.Errorf("lengths differ: %d, %d", len(one[1]), len(two[1]))
	}
}

func TestWriteAhead(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "x")
	l := New(box)
	v := secret.New([]byte("value"))
	l.Begin(id("A"), box.Record(id("A"), v, "1", 0, nil), nil)
	e, _ := l.Entry(id("A"))
	if !e.Unsettled() || e.Settled != nil {
		t.Errorf("after Begin: %+v", e)
	}
	l.Settle(id("A"), written)
	e, _ = l.Entry(id("A"))
	if e.Unsettled() || e.Updated != written.Unix() || e.Settled.Changed != written.Unix() {
		t.Errorf("after Settle: %+v", e)
	}
	l.BeginDelete(id("A"))
	if e, _ = l.Entry(id("A")); !e.Unsettled() || e.Settled == nil {
		t.Errorf("after BeginDelete: %+v", e)
	}
	l.Forget(id("A"))
	if _, known := l.Entry(id("A")); known {
		t.Error("after Forget it is still known")
	}
	l.BeginDelete(id("NEVER_WRITTEN"))
	if len(l.Entries()) != 0 {
		t.Error("a delete of what was never written made an entry")
	}
}

func TestFingerprintsBindNames(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "x")
	l := New(box)
	v := secret.New([]byte("one value"))
	if l.Fingerprint(id("A"), v).Equal(l.Fingerprint(id("B"), v)) {
		t.Error("equal values in one scope can be seen to be equal")
	}
	other := NewBox(Keys{Current: secret.NewKey()}, "x")
	if box.Equality(v) == other.Equality(v) {
		t.Error("equality fingerprints are not keyed")
	}
	elsewhere := &Box{identity: []string{"y"}, current: box.current}
	if box.Equality(v) != elsewhere.Equality(v) {
		t.Error("an equal value is not found in another scope")
	}
}

func TestRotatingTheKey(t *testing.T) {
	old, now := secret.NewKey(), secret.NewKey()
	_, texts := fill(t, NewBox(Keys{Current: old}, "x"), 2)
	box := NewBox(Keys{Current: now, Previous: old}, "x")
	l := reopen(t, box, texts)
	first, second := id("A_NAME_OF_SOME_LENGTH_000"), id("A_NAME_OF_SOME_LENGTH_001")
	v := secret.New([]byte(first.Name))
	if e, _ := l.Entry(first); !e.Settled.Fingerprint.Equal(l.Fingerprint(first, v)) {
		t.Fatal("under the previous key the fingerprint is not found equal")
	}
	if !l.Rekeys() {
		t.Fatal("it does not say that it must be sealed anew")
	}
	l.Rekey(func(i ID) (Record, []Digest, bool) {
		return box.Record(i, v, "v1", 0, nil), []Digest{box.Equality(v)}, i == first
	})
	l = reopen(t, NewBox(Keys{Current: now}, "x"), sealAll(t, l))
	e, _ := l.Entry(first)
	if !e.Settled.Fingerprint.Equal(l.Fingerprint(first, v)) || e.Settled.Changed != written.Unix() {
		t.Errorf("the known value was not carried over: %+v", e)
	}
	if e, _ := l.Entry(second); !e.Settled.Fingerprint.IsZero() {
		t.Error("the fingerprint of an unknown value was kept under a key that is gone")
	}
}

// A run that died between two shards leaves one under either key.
func TestRotatingTheKeyByHalves(t *testing.T) {
	old, now := secret.NewKey(), secret.NewKey()
	_, texts := fill(t, NewBox(Keys{Current: old}, "x"), 160)
	box := NewBox(Keys{Current: now, Previous: old}, "x")
	again := func(i ID) (Record, []Digest, bool) {
		return box.Record(i, secret.New([]byte(i.Name)), "v1", 0, nil), nil, true
	}
	died := reopen(t, box, texts)
	died.Rekey(again)
	texts[2] = sealAll(t, died)[2]
	l := reopen(t, box, texts)
	if !l.Rekeys() {
		t.Error("it does not say that a shard must be sealed anew")
	}
	for range 2 {
		for _, e := range l.Entries() {
			if !e.Settled.Fingerprint.Equal(l.Fingerprint(e.ID, secret.New([]byte(e.ID.Name)))) {
				t.Fatalf("%s is not found equal", e.ID.Name)
			}
		}
		l.Rekey(again)
		if touched := l.Touched(); len(touched) > 1 {
			t.Errorf("shards %v are sealed anew, want the first alone", touched)
		}
	}
}

func FuzzOpen(f *testing.F) {
	key, err := secret.ParseKey(strings.Repeat("A", 43) + "=")
	if err != nil {
		f.Fatal(err)
	}
	box := NewBox(Keys{Current: key}, "x")
	l := New(box)
	l.Begin(id("A"), Record{}, nil)
	sealed, err := l.Seal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed[0].Text)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		opened, _, err := Open(box, text)
		if err == nil && text != "" && !reflect.DeepEqual(opened.Entries(), l.Entries()) {
			t.Errorf("opened what was never sealed: %v", opened.Entries())
		}
	})
}

// The content is authenticated; still no content may make the decoder panic.
func FuzzContent(f *testing.F) {
	f.Add([]byte{0xa0})
	f.Fuzz(func(_ *testing.T, b []byte) {
		var c content
		_ = decoding.Unmarshal(b, &c)
	})
}
