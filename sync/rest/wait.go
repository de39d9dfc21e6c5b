package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

func (t *Transport) notify(w Wait) {
	if t.options.Notify != nil {
		t.options.Notify(w)
	}
}

// turn waits for a write's turn.
func (t *Transport) turn(req *http.Request) error {
	if t.reads(req.Method) {
		return nil
	}
	wait, giveBack, news := t.limiter.turn()
	if news {
		t.notify(wait)
	}
	if wait.For <= 0 {
		return nil
	}
	if err := sleep(req.Context(), wait.For); err != nil {
		giveBack()
		return err
	}
	return nil
}

// held waits while the store wants nothing sent; where that lasts longer than
// patience does, it is store.ErrThrottled at once.
func (t *Transport) held(ctx context.Context, req *http.Request, patience time.Time) error {
	for {
		wait, news := t.limiter.hold()
		if wait.For <= 0 {
			return nil
		}
		if wait.Until.After(patience) {
			return &store.Error{
				Op: strings.ToLower(req.Method), Ref: t.base.Host, Kind: store.ErrThrottled, RetryAfter: wait.For,
				Detail: string(wait.Reason) + " until " + wait.Until.UTC().Format("2006-01-02 15:04:05 MST"),
				Hint:   "run keyplumb again after that; what was done so far is not lost",
			}
		}
		if news {
			t.notify(wait)
		}
		if err := sleep(ctx, wait.For); err != nil {
			return err
		}
	}
}
