package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

// wantKind checks that an error is of a kind, and is a *store.Error: one whose
// text is built from known fields.
func wantKind(t *testing.T, op string, err, want error) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("%s: %v, want no error", op, err)
		}
		return
	}
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %q", op, err, want)
		return
	}
	if _, ok := errors.AsType[*store.Error](err); !ok {
		t.Errorf("%s: %T is not a *store.Error", op, err)
	}
}

// operations is everything that a target does over the network, with a value.
func (h TargetHarness) operations(f TargetFixture, kind store.Kind, value string) map[string]func(context.Context) error {
	out := map[string]func(context.Context) error{
		"list": func(ctx context.Context) error {
			_, err := f.Target.List(ctx, f.Scope, []store.Kind{kind})
			return err
		},
		"put": func(ctx context.Context) error {
			_, err := f.Target.Put(ctx, h.placement(f.Scope, kind, "NAME", value))
			return err
		},
		"delete": func(ctx context.Context) error { return f.Target.Delete(ctx, f.Scope, kind, "OTHER") },
	}
	if ledger, ok := f.Target.(store.LedgerKeeper); ok {
		out["write shard"] = func(ctx context.Context) error { return ledger.WriteShard(ctx, f.Scope, 1, value) }
		out["read shard"] = func(ctx context.Context) error {
			_, err := ledger.ReadShard(ctx, f.Scope, 1)
			return err
		}
	}
	return out
}

var failures = []error{store.ErrDenied, store.ErrUnauthentic, store.ErrUnavailable}

func failuresToldApart(t *testing.T, h TargetHarness) {
	for _, failure := range failures {
		t.Run(failure.Error(), func(t *testing.T) {
			eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
				h.put(t, f, h.placement(f.Scope, kind, "NAME", "value"))
				h.put(t, f, h.placement(f.Scope, kind, "OTHER", "value"))
				if !f.Break(failure) {
					t.Skip("this store cannot fail so")
				}
				for op, run := range h.operations(f, kind, "new value") {
					wantKind(t, op, run(t.Context()), failure)
				}
				wantStored(t, f, f.Scope, kind, "NAME", "value")
				wantStored(t, f, f.Scope, kind, "OTHER", "value")
			})
		})
	}
}

func errorsShowNoValue(t *testing.T, h TargetHarness) {
	for _, canary := range Canaries() {
		t.Run(canary.Name, func(t *testing.T) {
			for _, failure := range failures {
				eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
					h.put(t, f, h.placement(f.Scope, kind, "NAME", canary.Value))
					refused := h.placement(f.Scope, kind, "not a name", canary.Value+"\x00")
					canary.Absent(t, f.Target.Check(refused))
					if !f.Break(failure) {
						t.Skip("this store cannot fail so")
					}
					for _, run := range h.operations(f, kind, canary.Value) {
						canary.Absent(t, run(t.Context()))
					}
				})
			}
		})
	}
}

func contextDone(t *testing.T, h TargetHarness) {
	eachKind(t, h, func(t *testing.T, f TargetFixture, kind store.Kind) {
		h.put(t, f, h.placement(f.Scope, kind, "NAME", "value"))
		h.put(t, f, h.placement(f.Scope, kind, "OTHER", "value"))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for op, run := range h.operations(f, kind, "new value") {
			if err := run(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want the context's error", op, err)
			}
		}
		wantStored(t, f, f.Scope, kind, "NAME", "value")
		wantStored(t, f, f.Scope, kind, "OTHER", "value")
	})
}
