package storetest

import (
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

func ledgerShards(t *testing.T, h TargetHarness) {
	f := h.New(t)
	ledger, ok := f.Target.(store.LedgerKeeper)
	if !ok {
		t.Skip("this target keeps no ledger")
	}
	read := func(scope store.Scope, shard int, want string) {
		t.Helper()
		if got, err := ledger.ReadShard(t.Context(), scope, shard); err != nil || got != want {
			t.Errorf("shard %d of %s: %q, %v; want %q", shard, scope, got, err, want)
		}
	}
	write := func(scope store.Scope, shard int, text string) {
		t.Helper()
		if err := ledger.WriteShard(t.Context(), scope, shard, text); err != nil {
			t.Fatalf("write shard %d of %s: %v", shard, scope, err)
		}
	}
	read(f.Scope, 1, "")
	write(f.Scope, 1, "first")
	read(f.Scope, 1, "first")
	read(f.Scope, 2, "")
	write(f.Scope, 2, "not read before it is written")
	write(f.Scope, 1, "second")
	read(f.Scope, 1, "second")
	read(f.Scope, 2, "not read before it is written")
	if f.Other != "" {
		read(f.Other, 1, "")
		write(f.Other, 1, "another scope's")
		read(f.Scope, 1, "second")
	}
	if h.MaxValue > 0 {
		long := strings.Repeat("A", 40_000)
		write(f.Scope, 1, long)
		read(f.Scope, 1, long)
	}
}

func ledgerHidden(t *testing.T, h TargetHarness) {
	f := h.New(t)
	ledger, ok := f.Target.(store.LedgerKeeper)
	if !ok {
		t.Skip("this target keeps no ledger")
	}
	for shard := 1; shard <= 3; shard++ {
		if err := ledger.WriteShard(t.Context(), f.Scope, shard, "sealed"); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range h.Kinds {
		h.put(t, f, h.placement(f.Scope, kind, "NAME_OF_"+string(kind), "value"))
		wantNames(t, f, f.Scope, kind, "NAME_OF_"+string(kind))
	}
}

func requestsCounted(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		meter, ok := f.Target.(store.Meter)
		if !ok {
			t.Skip("this target makes no requests")
		}
		names(t, f, f.Scope, kind)
		listed, writes := meter.Requests()
		if listed == 0 || writes != 0 {
			t.Errorf("a listing counted as %d requests, %d of them writes", listed, writes)
		}
		if err := f.Target.Prepare(t.Context(), f.Scope); err != nil {
			t.Fatal(err)
		}
		h.put(t, f, h.placement(f.Scope, kind, "NAME", "value"))
		requests, writes := meter.Requests()
		if requests <= listed || writes != 1 {
			t.Errorf("after one put: %d requests, %d writes; want more than %d, and 1", requests, writes, listed)
		}
	})
}
