package github_test

import (
	"fmt"
	"testing"

	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

// TestBudget counts what a run costs, calling the target in the order in which
// a run does: N secrets for the first time take N+8 requests at the most, and
// a run that finds nothing to do takes two for the scope and one for the target.
func TestBudget(t *testing.T) {
	const scope = "environment:prod"
	for _, n := range []int{1, 3, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			hub := emulate(t)
			open := func() *github.Target { return openAt(t, hub.URL, github.Options{}) }
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			target, ctx := open(), t.Context()
			observe := func() {
				t.Helper()
				must(second(target.Identity(ctx)))
				must(second(target.List(ctx, scope, secrets)))
				must(second(target.ReadShard(ctx, scope, 1)))
			}
			observe()
			must(target.Prepare(ctx, scope))
			must(target.WriteShard(ctx, scope, 1, "intended"))
			for i := range n {
				must(second(target.Put(ctx, placement(scope, store.Secret, fmt.Sprintf("NAME_%d", i), "value", nil))))
			}
			observe() // the times are read back, and the generation
			must(target.WriteShard(ctx, scope, 1, "settled"))
			if requests, writes := target.Requests(); requests > n+8 || writes != n+2 {
				t.Errorf("a first sync of %d took %d requests, %d of them writes", n, requests, writes)
			}
			target = open()
			observe()
			if requests, writes := target.Requests(); requests != 3 || writes != 0 {
				t.Errorf("a run that does nothing took %d requests, %d of them writes", requests, writes)
			}
		})
	}
}
