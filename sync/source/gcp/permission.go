package gcp

import (
	"errors"
	"sync"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A permission is whether a kind of metadata may be asked for. The first to ask
// finds out while the others wait, so that a run is denied once.
type permission struct {
	mu     sync.Mutex
	known  bool
	denied bool
}

// ask asks, unless that has been denied before. A denial is no error: answered
// tells whether there is an answer.
func (p *permission) ask(question func() error) (answered bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.denied:
		return false, nil
	case p.known:
		p.mu.Unlock()
		err = question()
		p.mu.Lock()
	default:
		err = question()
	}
	if errors.Is(err, store.ErrDenied) {
		p.denied = true
		return false, nil
	}
	p.known = p.known || err == nil
	return err == nil, err
}
