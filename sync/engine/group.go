package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
)

// ErrDefect is a panic in one of the engine's goroutines. Go would print what
// it panicked with, which may hold a value; so it is caught there, and told by
// where it happened alone.
var ErrDefect = errors.New("internal error: keyplumb has a defect; please report it")

// A group runs functions side by side, like an errgroup.
type group struct{ *errgroup.Group }

// newGroup makes a group of which so many run at once; 0 is no limit.
func newGroup(ctx context.Context, limit int) (group, context.Context) {
	g, ctx := errgroup.WithContext(ctx)
	if limit > 0 {
		g.SetLimit(limit)
	}
	return group{g}, ctx
}

// Go runs a function. If it panics, that is its error.
func (g group) Go(do func() error) {
	g.Group.Go(func() (err error) {
		defer func() {
			if recover() != nil {
				err = fmt.Errorf("%w (%s)", ErrDefect, panickedAt())
			}
		}()
		return do()
	})
}

// panickedAt names the first function of keyplumb's own below the panic.
func panickedAt() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		frame, more := frames.Next()
		if strings.Contains(frame.Function, "keyplumb") && !strings.Contains(frame.Function, "panickedAt") && !strings.Contains(frame.Function, "group.Go") {
			return fmt.Sprintf("%s:%d", frame.Function, frame.Line)
		}
		if !more {
			return "unknown place"
		}
	}
}
