package github

import (
	"slices"
	"sync"

	"github.com/keyplumb/keyplumb/sync/store"
)

// scopeState is what was learnt of one scope, so that it need not be asked
// again: its key, what is there, which shards its ledger has.
type scopeState struct {
	key keyring

	mu     sync.Mutex
	listed map[listedKey]string // what is there, and its visibility
	shards map[int]bool         // whether a shard is there, as far as is known
}

type listedKey struct {
	kind      store.Kind
	canonical string
}

func (t *Target) state(scope store.Scope) *scopeState {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.scopes[scope]
	if s == nil {
		s = &scopeState{listed: map[listedKey]string{}, shards: map[int]bool{}}
		t.scopes[scope] = s
	}
	return s
}

// remember takes over a whole listing.
func (s *scopeState) remember(t *Target, kinds []store.Kind, items []store.Item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.listed {
		if slices.Contains(kinds, key.kind) {
			delete(s.listed, key)
		}
	}
	for _, item := range items {
		s.listed[listedKey{item.Kind, t.Canonical(item.Name)}] = item.Attributes[attrVisibility]
	}
}

// lookUp tells whether a variable is there, as far as is known, and to whom it
// is visible.
func (s *scopeState) lookUp(kind store.Kind, canonical string) (visibility string, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	visibility, found = s.listed[listedKey{kind, canonical}]
	return visibility, found
}

func (s *scopeState) written(kind store.Kind, canonical, visibility string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed[listedKey{kind, canonical}] = visibility
}

func (s *scopeState) deleted(kind store.Kind, canonical string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listed, listedKey{kind, canonical})
}

func (s *scopeState) shard(number int) (found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shards[number]
}

func (s *scopeState) setShard(number int, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shards[number] = found
}
