package gitlab

import (
	"context"
	"errors"
	"sync"

	"github.com/keyplumb/keyplumb/sync/store"
)

// listings hands out listings: each is given once to each scope, so that a
// scope that asks again, as one does that was written to, gets one made since.
type listings struct {
	mu      sync.Mutex
	current *call
	last    *listing             // the last one that was made; nil: none
	since   map[[2]string]*found // by key and scope, what was written since, nil for what was deleted
}

// A call is one listing in the making.
type call struct {
	done   chan struct{}
	served map[store.Scope]bool
	result *listing
	err    error
}

// get gives a scope the listing that is current, or has a new one made. Those
// who wait for one that somebody else makes share its outcome, unless it ended
// with that one's own context.
func (l *listings) get(ctx context.Context, scope store.Scope, list func(context.Context) (*listing, error)) (*listing, error) {
	for {
		c, mine := l.join(scope)
		if mine {
			c.result, c.err = list(ctx)
			l.finish(c)
			return c.result, c.err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-c.done:
		}
		ended := errors.Is(c.err, context.Canceled) || errors.Is(c.err, context.DeadlineExceeded)
		if !ended || ctx.Err() != nil {
			return c.result, c.err
		}
	}
}

// join finds the listing that a scope has not had yet, or begins one.
func (l *listings) join(scope store.Scope) (c *call, mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil || l.current.served[scope] {
		l.current, mine = &call{done: make(chan struct{}), served: map[store.Scope]bool{}}, true
	}
	l.current.served[scope] = true
	return l.current, mine
}

func (l *listings) finish(c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.err != nil && l.current == c {
		l.current = nil
	}
	if c.err == nil {
		l.last, l.since = c.result, map[[2]string]*found{}
	}
	close(c.done)
}

// wrote says what a variable is by now, nil for one that was deleted: what was
// listed before is no longer what is there.
func (l *listings) wrote(key, scope string, v *found) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = nil
	if l.since == nil {
		l.since = map[[2]string]*found{}
	}
	l.since[[2]string{key, scope}] = v
}

// know tells what a variable is, as far as that was seen; nil where it is not
// there, and not sure where nobody looked.
func (l *listings) know(key, scope string) (v *found, sure bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v, sure = l.since[[2]string{key, scope}]; sure {
		return v, true
	}
	return l.last.find(key, scope), l.last != nil
}
