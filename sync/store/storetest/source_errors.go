package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
)

// wantFailed checks that a reading is an error of a kind, and nothing besides.
func wantFailed(t *testing.T, op string, got store.Reading, want error) {
	t.Helper()
	wantKind(t, op, got.Err, want)
	if !got.Value.IsEmpty() || got.Version != "" || !got.Changed.IsZero() {
		t.Errorf("%s: a reading that failed says more than its error", op)
	}
}

func missingSecret(t *testing.T, h SourceHarness) {
	if h.Missing == "" {
		t.Skip("there is no path at which nothing is")
	}
	f := h.New(t, h.hold("value"))
	for _, field := range []string{h.field("NAME"), ""} {
		wantFailed(t, "read what is not there", readOne(t, f.Source, h.Missing, field), store.ErrNotFound)
	}
	// One that is missing spoils none that is there.
	readings := f.Source.Read(t.Context(), []store.Reference{
		{Path: h.Missing, Field: h.field("NAME")}, {Path: h.Paths[0], Field: h.field("NAME")},
	})
	wantFailed(t, "read both", readings[0], store.ErrNotFound)
	wantValue(t, readings[1], "value")
}

func missingField(t *testing.T, h SourceHarness) {
	if !h.Structured {
		t.Skip("secrets have no fields here")
	}
	f := h.New(t, Secrets{h.Paths[0]: {"NAME": "of the name", "OTHER": "of the other"}})
	got := readOne(t, f.Source, h.Paths[0], "NOT_THERE")
	wantFailed(t, "read", got, store.ErrNoField)
	failed, _ := errors.AsType[*store.Error](got.Err)
	if !h.Listing || failed == nil {
		return
	}
	fields := slices.Sorted(slices.Values(failed.Fields))
	if !slices.Equal(fields, []string{"NAME", "OTHER"}) {
		t.Errorf("the fields that are there: %q", fields)
	}
}

var sourceFailureKinds = []error{store.ErrDenied, store.ErrUnauthentic, store.ErrUnavailable, store.ErrUnreadable}

func sourceFailures(t *testing.T, h SourceHarness) {
	for _, failure := range sourceFailureKinds {
		t.Run(failure.Error(), func(t *testing.T) {
			f := h.New(t, h.hold("value"))
			if f.Break == nil || !f.Break(failure) {
				t.Skip("this store cannot fail so")
			}
			wantFailed(t, "read", readOne(t, f.Source, h.Paths[0], h.field("NAME")), failure)
		})
	}
}

// sourceShowsNothing prints all that a source hands out, errors and itself.
func sourceShowsNothing(t *testing.T, h SourceHarness) {
	for _, canary := range Canaries() {
		t.Run(canary.Name, func(t *testing.T) {
			for _, failure := range append([]error{nil}, sourceFailureKinds...) {
				f := h.New(t, h.hold(canary.Value))
				if failure != nil && (f.Break == nil || !f.Break(failure)) {
					continue
				}
				refs := []store.Reference{
					{Path: h.Paths[0], Field: h.field("NAME")}, {Path: h.Paths[0], Field: "NOT_THERE"}, {Path: h.Paths[0]},
					{Path: h.Missing, Field: h.field("NAME")}, {Path: h.Paths[0], Field: h.field("NAME"), Version: "none such"},
				}
				readings := f.Source.Read(t.Context(), refs)
				for _, reading := range readings {
					canary.Absent(t, reading.Err)
				}
				if shown := fmt.Sprintf("%v %+v %#v %+v %#v", readings, readings, readings, f.Source, f.Source); canary.In(shown) {
					t.Errorf("printing shows the value (%s canary)", canary.Name)
				}
			}
		})
	}
}

func sourceContext(t *testing.T, h SourceHarness) {
	f := h.New(t, h.hold("value"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	refs := []store.Reference{{Path: h.Paths[0], Field: h.field("NAME")}, {Path: h.Missing, Field: h.field("NAME")}}
	readings := f.Source.Read(ctx, refs)
	if len(readings) != len(refs) {
		t.Fatalf("%d readings for %d references", len(readings), len(refs))
	}
	for i, reading := range readings {
		if !errors.Is(reading.Err, context.Canceled) || !reading.Value.IsEmpty() {
			t.Errorf("reading %d: %v, want the context's error", i, reading.Err)
		}
	}
	if f.Reads != nil && f.Reads() > 0 {
		t.Errorf("the store was asked %d times", f.Reads())
	}
}
