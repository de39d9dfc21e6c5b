package gitlab

import "sync"

// memory is what was learnt of which variables are there, so that a write need
// not ask, and so that what somebody else has made in the meantime is not
// overwritten.
type memory struct {
	mu     sync.Mutex
	listed bool               // a listing was read: what is not in it is not there
	there  map[place]variable // what is there
	unsure map[place]bool     // where a write ended without an answer
	writes int                // ended so far
}

// A recollection says whether a variable is there.
type recollection int

const (
	unknown recollection = iota
	absent
	present
)

func (m *memory) lookUp(at place) (variable, recollection) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, found := m.there[at]
	switch {
	case m.unsure[at]:
		return variable{}, unknown
	case found:
		return v, present
	case m.listed:
		return variable{}, absent
	default:
		return variable{}, unknown
	}
}

// others tells whether a name is in several scopes, or may be for all that is
// known.
func (m *memory) others(at place) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for other := range m.there {
		if other.name == at.name && other.scope != at.scope {
			return true
		}
	}
	return !m.listed
}

// age tells how many writes have ended; a listing that was begun before one of
// them may or may not show it.
func (m *memory) age() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes
}

// learn takes over a whole listing that was begun at an age, unless something
// was written since.
func (m *memory) learn(age int, all []variable, l *level) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.writes != age {
		return
	}
	m.listed, m.unsure, m.there = true, nil, make(map[place]variable, len(all))
	for _, v := range all {
		m.there[v.place(l)] = v
	}
}

// written remembers a variable as GitLab says that it is now.
func (m *memory) written(at place, v variable) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if m.there == nil {
		m.there = map[place]variable{}
	}
	m.there[at] = v
	delete(m.unsure, at)
}

// gone remembers that a variable is not there.
func (m *memory) gone(at place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	delete(m.there, at)
	delete(m.unsure, at)
}

// lost remembers that a write may have been made or not.
func (m *memory) lost(at place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	if m.unsure == nil {
		m.unsure = map[place]bool{}
	}
	m.unsure[at] = true
}
