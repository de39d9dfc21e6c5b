package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/values"
)

// checkValues runs the rules on values over all that was read.
func (r *Run) checkValues(ctx context.Context) error {
	all := r.boundValues()
	r.Findings = append(r.Findings, values.Missing(all)...)
	r.Findings = append(r.Findings, values.Invalid(all)...)
	r.Findings = append(r.Findings, values.Expired(all, r.engine.Now())...)
	r.Findings = append(r.Findings, values.Shared(all, r.engine.Now())...)
	return r.checkLeaks(ctx, all)
}

// boundValues gives the bindings that were read with their values, in the
// policy's order.
func (r *Run) boundValues() []values.Bound {
	var all []values.Bound
	for i := range r.engine.Policy.Secrets {
		s := &r.engine.Policy.Secrets[i]
		for j := range s.Bindings {
			b := &s.Bindings[j]
			got, read := r.bound[place{s.Name, b.Environment}]
			if read {
				all = append(all, values.Bound{Secret: s, Binding: b, Environment: r.engine.Policy.Environment(b.Environment),
					Value: got.value, Expires: got.expires, Owner: got.owner, Missing: got.why, Help: got.help})
			}
		}
	}
	return all
}

// checkPlacements asks the targets, without any request, whether they would
// take what is to be placed.
func (r *Run) checkPlacements() {
	for _, s := range r.Scopes {
		for _, d := range s.Desired {
			if d.Value.IsEmpty() || s.Err != nil {
				continue
			}
			err := r.targets[s.Target].Check(placement(&d))
			if err == nil && r.engine.isLedgerKey(d.Value) {
				err = &store.Error{Op: "check", Ref: d.Name, Kind: store.ErrInvalid,
					Detail: "it is the ledger key, which opens every ledger and is for the job that syncs alone",
					Hint:   "name the secret's own value in from"}
			}
			if err == nil {
				continue
			}
			rule := "invalid-value"
			switch {
			case errors.Is(err, store.ErrTooLarge):
				rule = "too-large"
			case errors.Is(err, store.ErrUnmaskable):
				rule = "unmaskable"
			}
			r.Findings = append(r.Findings, refused(rule, s, d, err))
		}
	}
}

// checkRoom asks whether what the plan writes leaves room for the ledger's
// entry beside it: a description may be somebody's own, of any length.
func (r *Run) checkRoom() {
	for _, c := range r.Plan.Changes {
		s := r.scopeOf(&c)
		if c.Desired == nil || !s.Notes || s.Ledger == nil {
			continue
		}
		p := placement(c.Desired)
		t := r.targets[c.Target]
		if t.Check(p) != nil {
			continue // told already
		}
		p.Note = ledger.NoteLike
		if err := t.Check(p); err != nil {
			r.Findings = append(r.Findings, refused("too-large", *s, *c.Desired, err))
		}
	}
}

// isLedgerKey tells the keys that the run itself works with: two keys are one
// if they make the same fingerprint.
func (e *Engine) isLedgerKey(v secret.Value) bool {
	key, err := secret.ReadKey(v)
	if err != nil {
		return false
	}
	return slices.ContainsFunc([]secret.Key{e.Keys.Current, e.Keys.Previous}, func(own secret.Key) bool {
		return !own.IsZero() && own.Fingerprint(v).Equal(key.Fingerprint(v))
	})
}

func refused(rule string, s plan.Scope, d plan.Desired, err error) finding.Finding {
	catalogued, _ := finding.Lookup(rule)
	message := "the target does not take it"
	if e, ok := errors.AsType[*store.Error](err); ok && e.Detail != "" {
		message = e.Detail
	}
	return finding.Finding{Rule: rule, Severity: catalogued.Default, Message: message, Help: store.Hint(err),
		Position: d.Secret.Position, Target: s.Target, Scope: s.Scope, Name: d.Name,
		Secret: d.Secret.Name, Environment: d.Binding.Environment}
}

// checkLeaks looks for the values in the repository, where that was asked for.
func (r *Run) checkLeaks(ctx context.Context, all []values.Bound) error {
	if r.engine.SearchLeaks == nil {
		return nil
	}
	var sought []values.Bound
	var patterns [][]byte
	for _, b := range all {
		if b.Secret.Sensitive && b.Value.Len() >= minLeak {
			sought, patterns = append(sought, b), append(patterns, b.Value.Reveal())
		}
	}
	leaks, err := r.engine.SearchLeaks(ctx, patterns)
	if err != nil {
		return fmt.Errorf("searching the repository for the values: %w", err)
	}
	rule, _ := finding.Lookup("leaked-value")
	for _, l := range leaks {
		b := sought[l.Pattern]
		r.Findings = append(r.Findings, finding.Finding{Rule: rule.ID, Severity: rule.Default,
			Message:  fmt.Sprintf("the value of %s in %s stands here", b.Secret.Name, b.Environment.Name),
			Help:     "replace the key at its issuer first: whoever has the repository has it; then remove it here",
			Position: l.At, Commit: l.Commit, Secret: b.Secret.Name, Name: b.Secret.As, Environment: b.Environment.Name})
	}
	return nil
}

// minLeak is the length from which a value can be told from chance.
const minLeak = 8

// placement gives what a target is to write.
func placement(d *plan.Desired) store.Placement {
	return store.Placement{Scope: store.Scope(d.Scope), Kind: store.Kind(d.ID.Kind), Name: d.Name,
		Value: d.Value, Attributes: d.Attributes}
}

// sortScopes puts scopes in the order of reports.
func sortScopes(scopes []plan.Scope) {
	slices.SortFunc(scopes, func(a, b plan.Scope) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Scope, b.Scope))
	})
}

// overwritten reports a placement that somebody else wrote while we did.
func (r *Run) overwritten(c plan.Change) {
	rule, _ := finding.Lookup("unverified")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Findings = append(r.Findings, finding.Finding{Rule: rule.ID, Severity: rule.Default,
		Message: "somebody else wrote it while keyplumb did", Help: "run keyplumb sync again: it rewrites just this one",
		Position: c.Position, Target: c.Target, Scope: c.Scope, Name: c.Name,
		Secret: c.Desired.Secret.Name, Environment: c.Environment})
}

// equalities are the MACs by which the same value is found elsewhere. A value
// that could be guessed gets none: who holds the ledger key could try them all.
func equalities(s *plan.Scope, d *plan.Desired) []ledger.Digest {
	if !d.Secret.Sensitive || !values.Guessproof(d.Value) {
		return nil
	}
	return []ledger.Digest{s.Box.Equality(d.Value)}
}
