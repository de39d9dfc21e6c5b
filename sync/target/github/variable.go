package github

import (
	"context"
	"maps"
	"net/http"
	"time"

	gh "github.com/google/go-github/v60/github"

	"github.com/keyplumb/keyplumb/sync/rest"
)

// A variable is a plain one to be written: of the policy's, or the ledger's.
type variable struct {
	op, ref     string
	base        string // where the scope's variables are
	name, value string
	found       bool // it is there, as far as is known
	alone       bool // nobody else may have made it since
	chosen      selection
}

// writeVariable creates or updates, whichever is likely to be right, and the
// other where GitHub says that it was not: 409 for one that is there already,
// 404 for one that is gone.
func (t *Target) writeVariable(ctx context.Context, v variable) (time.Time, error) {
	first, second, unless := t.createVariable, t.updateVariable, http.StatusConflict
	if v.found {
		first, second, unless = second, first, http.StatusNotFound
	}
	resp, err := first(ctx, v)
	if isStatus(resp, unless) && (v.found || !v.alone) {
		resp, err = second(ctx, v)
	}
	if err != nil {
		return time.Time{}, err
	}
	return rest.Date(resp.Response), nil
}

func (t *Target) createVariable(ctx context.Context, v variable) (*gh.Response, error) {
	return t.call(ctx, v.request(t, http.MethodPost, v.base, map[string]any{"name": v.name}))
}

func (t *Target) updateVariable(ctx context.Context, v variable) (*gh.Response, error) {
	return t.call(ctx, v.request(t, http.MethodPatch, v.base+"/"+v.name, map[string]any{}))
}

func (v variable) request(t *Target, method, path string, body map[string]any) request {
	body["value"] = v.value
	maps.Copy(body, v.chosen.fields())
	return request{op: v.op, ref: v.ref, method: method, path: path, body: body, needs: t.writing("variable")}
}
