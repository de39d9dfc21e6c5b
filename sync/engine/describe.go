package engine

import (
	"cmp"
	"context"
	"slices"

	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/store"
)

// describe asks a source that keeps such things apart from its values who
// answers for those that are due to be replaced, and when they end. That costs
// a request a secret, so it asks for no others; what it does not learn, for
// want of a permission or of an answer, is left out.
func (r *Run) describe(ctx context.Context, l lot, source store.Source, got map[store.Reference]store.Reading) {
	describer, ok := source.(store.Describer)
	if !ok {
		return
	}
	due := r.due(l, got)
	if len(due) == 0 {
		return
	}
	for i, told := range describer.Describe(ctx, due) {
		reading := got[due[i]]
		reading.Owner = cmp.Or(reading.Owner, told.Owner)
		if reading.Expires.IsZero() {
			reading.Expires = told.Expires
		}
		got[due[i]] = reading
	}
}

// due gives the references to what the source has not changed for so long that
// a finding will say so, and whose owner is not known.
func (r *Run) due(l lot, got map[store.Reference]store.Reading) (due []store.Reference) {
	now := r.engine.Now()
	for _, s := range r.engine.Policy.Secrets {
		for _, b := range s.Bindings {
			if b.Environment != l.environment || s.Owner != "" || !s.Sensitive {
				continue
			}
			for _, ref := range references(b.From) {
				at := reference(ref)
				reading, read := got[at]
				if ref.Source == l.source && read && reading.Err == nil && reading.Owner == "" && !reading.Changed.IsZero() &&
					plan.Due(now.Sub(reading.Changed), s.Rotate) && !slices.Contains(due, at) {
					due = append(due, at)
				}
			}
		}
	}
	return due
}
