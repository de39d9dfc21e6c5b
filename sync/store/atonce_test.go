package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestReadAtOnce: each secret is opened once, so many side by side and no more,
// and every reference gets its own field, or the error of its secret.
func TestReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var opened, open, most atomic.Int32
		failure := errors.New("not that one")
		var refs []store.Reference
		for i := range 40 {
			refs = append(refs, store.Reference{Path: fmt.Sprint("path ", i%10), Field: fmt.Sprint("field ", i), Version: fmt.Sprint(i % 2)})
		}
		started := time.Now()
		readings := store.ReadAtOnce(t.Context(), 3, refs, func(path, version string) (store.Lookup, error) {
			opened.Add(1)
			for now := open.Add(1); now > most.Load(); {
				most.Store(now)
			}
			time.Sleep(time.Second)
			open.Add(-1)
			if path == "path 4" {
				return nil, failure
			}
			return func(field string) store.Reading {
				return store.Reading{Value: secret.New([]byte(path + version + field))}
			}, nil
		})
		for i, got := range readings {
			want := refs[i].Path + refs[i].Version + refs[i].Field
			if bad := refs[i].Path == "path 4"; bad != errors.Is(got.Err, failure) || !bad && string(got.Value.Reveal()) != want {
				t.Errorf("%v: %v", refs[i], got.Err)
			}
		}
		// 10 paths, the even ones with version 0 and the odd ones with 1.
		if took := time.Since(started); opened.Load() != 10 || most.Load() != 3 || took != 4*time.Second {
			t.Errorf("%d opened, up to %d at once, in %v", opened.Load(), most.Load(), took)
		}
	})
}

func TestReadAtOnceStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var refs []store.Reference
	for i := range 10 {
		refs = append(refs, store.Reference{Path: fmt.Sprint(i)})
	}
	var opened atomic.Int32
	readings := store.ReadAtOnce(ctx, 1, refs, func(string, string) (store.Lookup, error) {
		opened.Add(1)
		cancel()
		return nil, ctx.Err()
	})
	for _, got := range readings {
		if !errors.Is(got.Err, context.Canceled) {
			t.Errorf("%v, want the context's error", got.Err)
		}
	}
	if opened.Load() != 1 {
		t.Errorf("%d were opened", opened.Load())
	}
}

// TestReadAtOncePanics: what open panics with may hold a value. It reaches the
// caller, and doesn't end the process from a goroutine of its own.
func TestReadAtOncePanics(t *testing.T) {
	defer func() {
		if got := recover(); got != "a value" {
			t.Errorf("it panicked with %v", got)
		}
	}()
	store.ReadAtOnce(t.Context(), 2, []store.Reference{{Path: "a"}, {Path: "b"}}, func(string, string) (store.Lookup, error) {
		panic("a value")
	})
	t.Error("it did not panic")
}
