package policy

import (
	"context"
	"io/fs"
	"sync"

	"github.com/keyplumb/keyplumb/policy/finding"
)

// Options say what to load.
type Options struct {
	// FS is the repository, rooted at its top. Nothing outside it can be
	// read: pass os.Root's FS for a work tree, or a tree of one revision.
	FS fs.FS
	// Paths are files and folders of FS, slash-separated; their files unify.
	// None means the first of [DefaultPaths] that is there.
	Paths []string
}

// Load reads, evaluates and understands a policy.
//
// Mistakes in the policy are findings of rule [finding.Policy], all that could
// be told at once, sorted; then the policy is nil. The error is for what is no
// mistake in a file's text: [ErrNoPolicy], [ErrOutside], a file that cannot be
// read, a done context.
//
// Evaluation itself cannot be cancelled; see [Watch].
func Load(ctx context.Context, o Options) (*Policy, []finding.Finding, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	fence := newFence(o.FS)
	found, err := locate(fence, o.Paths)
	if err != nil {
		return nil, nil, err
	}
	m := newMistakes(found.files[0])
	p := m.understand(fence, found)
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if m.any() {
		return nil, m.sorted(), nil
	}
	return p, nil, nil
}

// understand goes from files to the model, as far as the mistakes let it.
func (m *mistakes) understand(fence *fence, found located) *Policy {
	instance := m.instance(fence, found)
	if instance == nil {
		return nil
	}
	p := &Policy{Files: packageFiles(instance)}
	p.Digest = fence.digest(p.Files)
	e, ok := m.evaluate(instance)
	if !ok {
		return nil
	}
	r := &reader{mistakes: m, context: e.context, lock: new(sync.Mutex), policy: p, start: clauseSpan(instance.Files[0]),
		offered: e.offered(), probed: map[string]bool{}, kinds: sourceKinds()}
	r.read(e)
	if !m.any() {
		e.validate()
	}
	return p
}
