package gitlab

import (
	"context"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// listings shares one reading of all scopes among those that ask for each of
// them. A reading is given to each scope once: who asks again wants to know
// what has become of it.
type listings struct {
	fetch func(context.Context) ([]variable, time.Time, error)

	mu     sync.Mutex
	latest *listing // nil: there is none that may be given out
}

// A listing is one reading, under way or done.
type listing struct {
	served  map[string]bool // by environment scope
	waiting int
	cancel  context.CancelFunc

	done chan struct{} // closed when what follows is there
	all  []variable
	at   time.Time
	err  error
}

// get waits for a reading that the scope has not had. The end of one caller's
// context does not end it for the others; the end of all of theirs does.
func (l *listings) get(ctx context.Context, scope string) (*listing, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	asked := l.join(ctx, scope)
	select {
	case <-asked.done:
		l.leave(asked)
		return asked, asked.err
	case <-ctx.Done():
		l.leave(asked)
		return nil, ctx.Err()
	}
}

// join finds the latest reading, or begins another.
func (l *listings) join(ctx context.Context, scope string) *listing {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.latest == nil || l.latest.served[scope] {
		l.latest = l.begin(ctx)
	}
	l.latest.served[scope] = true
	l.latest.waiting++
	return l.latest
}

// begin starts a reading that has the caller's values, and not its end.
func (l *listings) begin(ctx context.Context) *listing {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	begun := &listing{served: map[string]bool{}, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer cancel()
		defer close(begun.done)
		if begun.read(ctx, l.fetch); begun.err != nil {
			l.drop(begun)
		}
	}()
	return begun
}

// read survives a panic: Go would print what it panicked with, and that may be
// what was being read.
func (l *listing) read(ctx context.Context, fetch func(context.Context) ([]variable, time.Time, error)) {
	defer func() {
		if recover() != nil {
			l.all, l.err = nil, &store.Error{Op: "list variables of", Kind: store.ErrUnavailable,
				Detail: "internal error: keyplumb has a defect in reading them; please report it"}
		}
	}()
	l.all, l.at, l.err = fetch(ctx)
}

// leave is for who has what it waited for, or waits no longer.
func (l *listings) leave(asked *listing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked.waiting--
	select {
	case <-asked.done:
		return
	default:
	}
	if asked.waiting == 0 {
		asked.cancel()
		if l.latest == asked {
			l.latest = nil
		}
	}
}

// drop takes a reading out of use.
func (l *listings) drop(old *listing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.latest == old {
		l.latest = nil
	}
}

// forget is for after a write: who asks from now on must see it.
func (l *listings) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latest = nil
}
