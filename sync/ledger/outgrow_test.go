package ledger

import (
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// Entries that grow, as when a selection of repositories comes to them, move
// on where their shard has no room: a ledger that could not be sealed could
// not be written again. A run that dies on the way leaves what was settled.
func TestEntriesThatOutgrowTheirShard(t *testing.T) {
	box := NewBox(Keys{Current: secret.NewKey()}, "x")
	l, before := fill(t, box, 150)
	settled := l.Entries()
	selected := map[string]string{"visibility": "selected", "repositories": strings.Repeat("r", longAttribute-1)}
	for _, e := range settled {
		l.Begin(e.ID, box.Record(e.ID, secret.New([]byte("new")), "v2", 2, selected), e.Equal)
	}
	sealed, err := l.Seal()
	if err != nil {
		t.Fatal(err)
	}
	texts := map[int]string{}
	for n, text := range before {
		texts[n] = text
	}
	for _, s := range sealed {
		if len(s.Text) > 48<<10 {
			t.Errorf("shard %d has %d bytes", s.Shard, len(s.Text))
		}
		texts[s.Shard] = s.Text
		cut, shards, err := Open(box, texts[1])
		if err != nil {
			t.Fatal(err)
		}
		for n := 2; n <= shards; n++ {
			if err := cut.Add(texts[n]); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range settled {
			if got, ok := cut.Entry(e.ID); !ok || got.Settled == nil {
				t.Fatalf("after shard %d was written, %s is forgotten", s.Shard, e.ID.Name)
			}
		}
	}
	whole := reopen(t, box, texts)
	for _, e := range settled {
		if got, _ := whole.Entry(e.ID); got.Intent == nil || got.Settled == nil {
			t.Errorf("%s has lost what was begun", e.ID.Name)
		}
		whole.Forget(e.ID)
	}
	if left := whole.Entries(); len(left) != 0 {
		t.Errorf("%d entries are there twice", len(left))
	}
}
