package engine

import (
	"context"
	"slices"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/store"
)

// describing is the longest that a run waits to learn who answers for its
// values. A source that hangs would take minutes for each of them.
const describing = 20 * time.Second

// describe asks the sources who answers for the values that are due to be
// replaced, where neither the policy nor the reading says so: some keep that
// apart from the values. It costs a request a secret, so no others are asked
// about; and what is not learnt, for want of a permission or of an answer, is
// left out.
func (r *Run) describe(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, describing)
	defer cancel()
	asked := map[lot][]store.Reference{}
	for _, f := range r.due() {
		for _, ref := range references(f.binding.From) {
			l := lot{ref.Source, f.binding.Environment}
			if _, can := r.sources[l].(store.Describer); can && !slices.Contains(asked[l], reference(ref)) {
				asked[l] = append(asked[l], reference(ref))
			}
		}
	}
	owners := map[lot]map[store.Reference]string{}
	for l, refs := range asked {
		owners[l] = map[store.Reference]string{}
		for i, told := range r.sources[l].(store.Describer).Describe(ctx, refs) { //nolint:errcheck // it was asked for above
			owners[l][refs[i]] = ownerOf(told.Owner)
		}
	}
	for _, f := range r.due() {
		for _, ref := range references(f.binding.From) {
			if owner := owners[lot{ref.Source, f.binding.Environment}][reference(ref)]; owner != "" {
				f.finding.Help += f.secret.BelongsTo(owner)
				break
			}
		}
	}
}

// A dueFinding is one that says that a value is due to be replaced, and not by
// whom.
type dueFinding struct {
	finding *finding.Finding
	secret  *policy.Secret
	binding *policy.Binding
}

func (r *Run) due() (out []dueFinding) {
	for i := range r.Plan.Findings {
		f := &r.Plan.Findings[i]
		if f.Rule != "stale-rotation" && f.Rule != "rotate-soon" {
			continue
		}
		for j := range r.engine.Policy.Secrets {
			s := &r.engine.Policy.Secrets[j]
			read := r.bound[place{s.Name, f.Environment}]
			if s.Name != f.Secret || s.Owner != "" || read.owner != "" || read.told {
				continue
			}
			for k := range s.Bindings {
				if b := &s.Bindings[k]; b.Environment == f.Environment {
					out = append(out, dueFinding{f, s, b})
				}
			}
		}
	}
	return out
}
