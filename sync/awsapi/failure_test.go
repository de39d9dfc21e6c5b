package awsapi_test

import (
	"sync/atomic"
	"testing"

	"github.com/keyplumb/keyplumb/sync/awsapi"
)

// TestAtOnce: each is done, so many side by side and no more, and a panic is the
// caller's.
func TestAtOnce(t *testing.T) {
	var done, open, most atomic.Int32
	panicked := func() (got any) {
		defer func() { got = recover() }()
		awsapi.AtOnce(3, []int{1, 2, 3, 4, 5, 6, 7, 8}, func(n int) {
			for now := open.Add(1); now > most.Load(); {
				most.Store(now)
			}
			defer open.Add(-1)
			done.Add(1)
			if n == 2 {
				panic("a value")
			}
		})
		return nil
	}()
	if done.Load() != 8 || most.Load() > 3 || panicked != "a value" {
		t.Errorf("%d were done, up to %d at once; it panicked with %v", done.Load(), most.Load(), panicked)
	}
}
