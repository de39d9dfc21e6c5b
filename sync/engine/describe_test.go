package engine

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/store"
)

// told is a source that keeps times with its values, and what else it knows
// apart from them.
type told struct {
	*prefixed
	changed map[string]time.Time // by field
	about   func([]store.Reference) []store.Reading
}

func (s *told) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	out := s.prefixed.Read(ctx, refs)
	for i := range out {
		out[i].Changed = s.changed[refs[i].Field]
	}
	return out
}

func (s *told) Describe(ctx context.Context, refs []store.Reference) []store.Reading {
	if end, bounded := ctx.Deadline(); !bounded || time.Until(end) > time.Minute {
		panic("a source that hangs would be waited for, for the name of an owner")
	}
	return s.about(refs)
}

// TestDescribe: of what is due to be replaced, and of nothing else, a source is
// asked who answers for it; what it does not say is not missed.
func TestDescribe(t *testing.T) {
	b := newBench(t, strings.Replace(twoSecrets, "FIRST: {}", `FIRST: rotate: "90d"`, 1))
	now := b.Now()
	asked := map[string]int{}
	var denied error
	b.OpenSource = func(_ context.Context, _ policy.Source, environment string) (store.Source, error) {
		return &told{&prefixed{b.source, environment}, map[string]time.Time{"FIRST": now.Add(-100 * 24 * time.Hour), "SECOND": now.Add(-time.Hour)},
			func(refs []store.Reference) []store.Reading {
				out := make([]store.Reading, len(refs))
				for i, ref := range refs {
					asked[environment+"#"+ref.Field]++
					out[i] = store.Reading{Err: denied}
					if denied == nil {
						out[i] = store.Reading{Owner: "payments"}
					}
				}
				return out
			}}, nil
	}
	b.Keys = ledger.Keys{} // so that a value is as old as its source says
	b.sync(t)
	for _, tt := range []struct {
		denied error
		help   string
		rules  string
	}{
		{nil, "; its source names payments as its owner", "stale-rotation"},
		{&store.Error{Op: "describe", Kind: store.ErrDenied}, "run keyplumb sync", "stale-rotation"},
	} {
		denied = tt.denied
		clear(asked)
		r := b.prepare(t)
		rules := map[string]bool{}
		for _, f := range append(r.Findings, r.Plan.Findings...) {
			if f.Name != "FIRST" || f.Rule == "unverified" {
				continue
			}
			rules[f.Rule] = true
			if !strings.HasSuffix(f.Help, tt.help) {
				t.Errorf("%s: help %q", f.Rule, f.Help)
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(rules)), " "); got != tt.rules {
			t.Errorf("found %s, want %s", got, tt.rules)
		}
		if len(asked) != 2 || asked["dev#FIRST"] != 1 || asked["prod#FIRST"] != 1 {
			t.Errorf("asked about %v", asked)
		}
	}
}
