package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

func wantStored(t *testing.T, f TargetFixture, scope store.Scope, kind store.Kind, name, want string) {
	t.Helper()
	got, found := f.Stored(scope, kind, f.Target.Canonical(name))
	if !found || got != want {
		t.Errorf("the store holds %s %s: %v, as written: %v", kind, name, found, got == want)
	}
}

func createUpdateDelete(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		wantNames(t, f, f.Scope, kind)
		h.put(t, f, h.placement(f.Scope, kind, "NAME", "first"))
		h.put(t, f, h.placement(f.Scope, kind, "OTHER", "other"))
		wantStored(t, f, f.Scope, kind, "NAME", "first")
		h.put(t, f, h.placement(f.Scope, kind, "NAME", "second"))
		wantStored(t, f, f.Scope, kind, "NAME", "second")
		wantNames(t, f, f.Scope, kind, "NAME", "OTHER")
		if err := f.Target.Delete(t.Context(), f.Scope, kind, "NAME"); err != nil {
			t.Fatal(err)
		}
		wantNames(t, f, f.Scope, kind, "OTHER")
		if _, found := f.Stored(f.Scope, kind, f.Target.Canonical("NAME")); found {
			t.Error("the store still holds what was deleted")
		}
	})
}

// updateNeverDeletes watches the store while one name is written over and over.
func updateNeverDeletes(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		h.put(t, f, h.placement(f.Scope, kind, "NAME", "value 0"))
		done, watched := make(chan struct{}), make(chan int)
		go func() {
			gone := 0
			for {
				if _, found := f.Stored(f.Scope, kind, f.Target.Canonical("NAME")); !found {
					gone++
				}
				select {
				case <-done:
					watched <- gone
					return
				default:
				}
			}
		}()
		for i := range 20 {
			if _, err := f.Target.Put(t.Context(), h.placement(f.Scope, kind, "NAME", fmt.Sprintf("value %d", i+1))); err != nil {
				t.Errorf("put: %v", err)
			}
		}
		close(done)
		if gone := <-watched; gone > 0 {
			t.Errorf("the variable was gone %d times while it was updated", gone)
		}
		if n := f.Deletes(); n > 0 {
			t.Errorf("updates asked for %d deletions", n)
		}
	})
}

func deleteAbsent(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		if err := f.Target.Delete(t.Context(), f.Scope, kind, "NEVER_WAS"); err != nil {
			t.Errorf("deleting what is not there: %v", err)
		}
	})
}

func missingScope(t *testing.T, h TargetHarness) {
	f := h.New(t)
	if f.Missing == "" {
		t.Skip("every scope of this target is there")
	}
	for _, kind := range h.Kinds {
		_, err := f.Target.List(t.Context(), f.Missing, []store.Kind{kind})
		wantKind(t, "list", err, store.ErrNotFound)
	}
	wantKind(t, "prepare", f.Target.Prepare(t.Context(), f.Missing), store.ErrNotFound)
}

func scopesApart(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		if f.Other == "" {
			t.Skip("this target has one scope")
		}
		h.put(t, f, h.placement(f.Scope, kind, "NAME", "here"))
		wantNames(t, f, f.Other, kind)
		h.put(t, f, h.placement(f.Other, kind, "NAME", "there"))
		wantStored(t, f, f.Scope, kind, "NAME", "here")
		wantStored(t, f, f.Other, kind, "NAME", "there")
	})
}

func kindsApart(t *testing.T, h TargetHarness) {
	if len(h.Kinds) < 2 {
		t.Skip("this target holds one kind")
	}
	f := h.New(t)
	for _, kind := range h.Kinds {
		h.put(t, f, h.placement(f.Scope, kind, "NAME_OF_"+string(kind), string(kind)))
	}
	for _, kind := range h.Kinds {
		wantNames(t, f, f.Scope, kind, "NAME_OF_"+string(kind))
	}
	if got := names(t, f, f.Scope, h.Kinds...); len(got) != len(h.Kinds) {
		t.Errorf("listing every kind gave %v", got)
	}
}

func readableOrNot(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		h.put(t, f, h.placement(f.Scope, kind, "NAME", "a value"))
		listing, err := f.Target.List(t.Context(), f.Scope, []store.Kind{kind})
		if err != nil || len(listing.Items) != 1 {
			t.Fatalf("list: %d items, %v", len(listing.Items), err)
		}
		item, readable := listing.Items[0], slices.Contains(h.Readable, kind)
		if item.Readable != readable {
			t.Errorf("readable: %v, want %v", item.Readable, readable)
		}
		if got := string(item.Value.Reveal()); readable && got != "a value" || !readable && got != "" {
			t.Errorf("a listing of what is readable: %v gave the wrong value", readable)
		}
	})
}

func valuesArrive(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		for i, value := range []string{
			"x", " surrounded ", "two\nlines\n", "carriage\r\nreturn", `"quoted" 'twice'`, `back\slash\n`,
			"${HOME} $(id) `id`", "# not a comment", "a=b=c", "ключ 🔑", `{"json":[1,2]}`, "tab\there", "%25+/&?",
		} {
			name := fmt.Sprintf("NAME_%d", i)
			h.put(t, f, h.placement(f.Scope, kind, name, value))
			wantStored(t, f, f.Scope, kind, name, value)
		}
	})
}

func putsAtOnce(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		if err := f.Target.Prepare(t.Context(), f.Scope); err != nil {
			t.Fatal(err)
		}
		const n = 16
		errs, want := make([]error, n), make([]string, n)
		var group sync.WaitGroup
		for i := range n {
			want[i] = fmt.Sprintf("NAME_%d", i)
			group.Go(func() {
				_, errs[i] = f.Target.Put(t.Context(), h.placement(f.Scope, kind, want[i], "value of "+want[i]))
			})
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for _, name := range want {
			wantStored(t, f, f.Scope, kind, name, "value of "+name)
		}
		wantNames(t, f, f.Scope, kind, want...)
	})
}
