package gitlab

import (
	"context"
	"net/http"
	"sync"

	gl "github.com/xanzy/go-gitlab"

	"github.com/keyplumb/keyplumb/sync/store"
)

// filters remembers whether this GitLab chooses among a group's variables of
// one name by their scope. Before 16.9 it does not, and takes any of them.
// https://docs.gitlab.com/api/group_level_variables/#the-filter-parameter
type filters struct {
	mu    sync.Mutex
	known bool
	err   error
}

// nowhere is an environment scope that nothing is in.
const nowhere = "keyplumb/nothing-is-here"

// tellsApart makes sure, once, that a request for one of several variables of a
// name reaches that one: asked for a scope in which there is none, GitLab has to
// say so.
func (t *Target) tellsApart(ctx context.Context, at place) error {
	if t.level != &groupLevel || !t.memory.others(at) {
		return nil
	}
	t.filters.mu.Lock()
	defer t.filters.mu.Unlock()
	if t.filters.known {
		return t.filters.err
	}
	var found variable
	r := request{
		op: "read variable", ref: t.refTo(at), method: http.MethodGet, path: t.variableAt(at), into: &found,
		options: filtered{&gl.VariableFilter{EnvironmentScope: nowhere}},
	}
	got, err := t.call(ctx, r)
	switch {
	case got.is(http.StatusNotFound):
		t.filters.known = true
		return nil
	case err != nil:
		return err
	}
	t.filters.known, t.filters.err = true, &store.Error{
		Op: "choose the scope of", Ref: t.refTo(at), Kind: store.ErrDenied,
		Detail: "this GitLab does not tell a group's variables of one name apart, and might change another scope's",
		Hint:   "GitLab 16.9 or later does; until then keep each name in one scope of the group, or the variables in projects",
	}
	return t.filters.err
}
