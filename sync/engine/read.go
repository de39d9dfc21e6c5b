package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// lot is what is read from one source with one environment's credentials.
type lot struct {
	source      string
	environment string
}

// read reads every reference that the placements need, each once, and composes
// the values that are composed.
func (r *Run) read(ctx context.Context, placements []policy.Placement) error {
	bindings := map[place]policy.Placement{}
	wanted := map[lot][]store.Reference{}
	for _, p := range placements {
		at := place{p.Secret.Name, p.Binding.Environment}
		if _, seen := bindings[at]; seen || p.Binding.Hold != nil {
			continue
		}
		bindings[at] = p
		for _, ref := range references(p.Binding.From) {
			l := lot{ref.Source, p.Binding.Environment}
			if !slices.Contains(wanted[l], reference(ref)) {
				wanted[l] = append(wanted[l], reference(ref))
			}
		}
	}
	readings, err := r.readAll(ctx, wanted)
	if err != nil {
		return err
	}
	r.bound = make(map[place]bound, len(bindings))
	for at, p := range bindings {
		r.bound[at] = compose(p.Binding, readings)
	}
	return nil
}

// readings holds what each lot said.
type readings map[lot]map[store.Reference]store.Reading

// readAll reads the lots side by side. What a source does not have is a
// reading; a source that cannot be read ends the run, after all were tried, so
// that one run tells of all that is wrong.
func (r *Run) readAll(ctx context.Context, wanted map[lot][]store.Reference) (readings, error) {
	var mu sync.Mutex
	var failed []error
	out := readings{}
	g, gctx := newGroup(ctx, parallel)
	for l, refs := range wanted {
		g.Go(func() error {
			r.engine.tell(Event{Stage: "read", What: l.source + " for " + l.environment})
			got, err := r.readLot(gctx, l, refs)
			mu.Lock()
			defer mu.Unlock()
			out[l] = got
			if err != nil {
				failed = append(failed, err)
			}
			return nil
		})
	}
	if err := errors.Join(g.Wait(), ctx.Err()); err != nil {
		return nil, err
	}
	slices.SortFunc(failed, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return out, errors.Join(failed...)
}

func (r *Run) readLot(ctx context.Context, l lot, refs []store.Reference) (map[store.Reference]store.Reading, error) {
	configured := r.engine.Policy.Source(l.source)
	if configured == nil {
		return nil, fmt.Errorf("source %s is not in the policy", l.source)
	}
	source, err := r.engine.OpenSource(ctx, configured.For(l.environment), l.environment)
	if err != nil {
		return nil, fmt.Errorf("source %s, environment %s: %w", l.source, l.environment, err)
	}
	r.mu.Lock()
	r.sources[l] = source
	r.mu.Unlock()
	got := make(map[store.Reference]store.Reading, len(refs))
	var failed []error
	for i, reading := range source.Read(ctx, refs) {
		got[refs[i]] = reading
		if reading.Err != nil && !absent(reading.Err) {
			failed = append(failed, fmt.Errorf("source %s, environment %s: %w", l.source, l.environment, reading.Err))
		}
	}
	return got, firstOfEach(failed)
}

// firstOfEach drops the errors that say the same: a file that cannot be
// opened fails once for each reference into it, a vault that is away once for
// each secret in it.
func firstOfEach(errs []error) error {
	var out []error
	seen := map[string]int{}
	for _, err := range errs {
		cause := causeOf(err)
		if seen[cause]++; seen[cause] == 1 {
			out = append(out, err)
		}
	}
	for i, err := range out {
		cause := causeOf(err)
		if more := seen[cause] - 1; more > 0 && cause != err.Error() {
			out[i] = fmt.Errorf("%w, and so %d more", err, more)
		}
	}
	return errors.Join(out...)
}

// causeOf is an error's text, or, where the source itself is what fails, the
// text without the secret that it happened to fail at.
func causeOf(err error) string {
	e, ok := errors.AsType[*store.Error](err)
	of := []error{store.ErrThrottled, store.ErrUnavailable, store.ErrUnauthentic, store.ErrMoved}
	if !ok || !slices.ContainsFunc(of, func(kind error) bool { return errors.Is(e, kind) }) {
		return err.Error()
	}
	alike := *e
	alike.Ref, alike.RequestID = "", ""
	return alike.Error() + alike.Hint
}

// absent tells a value that is not there from a source that cannot be read.
func absent(err error) bool {
	return errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrNoFile) || errors.Is(err, store.ErrNoField)
}

func references(f policy.From) []policy.Reference {
	if len(f.Parts) == 0 {
		return []policy.Reference{f.Reference}
	}
	refs := make([]policy.Reference, len(f.Parts))
	for i, p := range f.Parts {
		refs[i] = p.Reference
	}
	return refs
}

func reference(r policy.Reference) store.Reference {
	return store.Reference{Path: r.Path, Field: r.Field, Version: r.Version}
}

// compose gives a binding's value: the one reading, or the parts put into the
// text that joins them, each escaped so that it stands for itself in a URL
// (RFC 3986 §2.1).
func compose(b *policy.Binding, from readings) bound {
	if len(b.From.Parts) == 0 {
		return single(from[lot{b.From.Source, b.Environment}][reference(b.From.Reference)], b)
	}
	var pairs, versions []string
	whole := bound{told: true}
	for _, part := range b.From.Parts {
		one := single(from[lot{part.Source, b.Environment}][reference(part.Reference)], b)
		if one.missing {
			one.why = fmt.Sprintf("part %s: %s", part.Name, one.why)
			return one
		}
		escaped := strings.ReplaceAll(url.QueryEscape(string(one.value.Reveal())), "+", "%20")
		pairs = append(pairs, "{"+part.Name+"}", escaped)
		versions = append(versions, one.version)
		if one.changed.After(whole.changed) {
			whole.changed = one.changed
		}
		if whole.expires.IsZero() || !one.expires.IsZero() && one.expires.Before(whole.expires) {
			whole.expires = one.expires
		}
		whole.owner = cmp.Or(whole.owner, one.owner)
		whole.told = whole.told && one.told
	}
	text := strings.NewReplacer(pairs...).Replace(b.From.Join)
	whole.value, whole.version = secret.New([]byte(text)), joinVersions(versions)
	return whole
}

// joinVersions makes one version of several; there is none if one lacks it.
func joinVersions(versions []string) string {
	if slices.Contains(versions, "") {
		return ""
	}
	return fmt.Sprintf("%q", versions)
}

func single(reading store.Reading, b *policy.Binding) bound {
	switch {
	case reading.Err != nil:
		return bound{missing: true, why: missingWords(reading.Err, b.Environment), help: store.Hint(reading.Err)}
	case reading.Value.IsEmpty():
		return bound{missing: true, why: fmt.Sprintf("its value in %s is empty", b.Environment),
			help: "put the value into the source, or mark the secret optional: true"}
	}
	return bound{value: reading.Value, version: reading.Version, changed: reading.Changed, expires: reading.Expires, owner: ownerOf(reading.Owner), told: reading.Told}
}

func missingWords(err error, environment string) string {
	text := fmt.Sprintf("its source has no value for %s: %v", environment, err)
	if e, ok := errors.AsType[*store.Error](err); ok && len(e.Fields) > 0 {
		text += fmt.Sprintf(" (there are: %s)", strings.Join(e.Fields, ", "))
	}
	return text
}
