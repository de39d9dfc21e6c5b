package github

import (
	"context"
	"net/http"
	"strconv"

	gh "github.com/google/go-github/v60/github"

	"github.com/keyplumb/keyplumb/sync/store"
)

// shardName names the variable that holds a shard of the ledger. Each kind of
// scope has a name of its own, since a job sees one namespace in which an
// environment's variables hide the repository's, and those the organization's.
// The ledgers of Dependabot and Codespaces, which have no variables, lie among
// those of Actions.
func (t *Target) shardName(shard int) string {
	name := ledgerPrefix
	switch t.options.Store {
	case Dependabot:
		name += "DEPENDABOT"
	case Codespaces:
		name += "CODESPACES"
	default:
		name += map[string]string{ScopeEnvironment: "ENV", ScopeRepository: "REPO", ScopeOrganization: "ORG"}[t.options.ScopeKind]
	}
	if t.options.Store != Actions && t.options.ScopeKind == ScopeOrganization {
		name += "_ORG"
	}
	if shard > 1 {
		name += "_" + strconv.Itoa(shard)
	}
	return name
}

// ReadShard gives a shard, "" where there is none yet.
func (t *Target) ReadShard(ctx context.Context, scope store.Scope, shard int) (string, error) {
	where, err := t.paths(scope)
	if err != nil {
		return "", err
	}
	var answer gh.ActionsVariable
	r := request{
		op: "read the ledger of", ref: t.refOf(scope), method: http.MethodGet,
		path: where.variables + "/" + t.shardName(shard), into: &answer, needs: t.reading(store.Variable),
	}
	resp, err := t.call(ctx, r)
	switch {
	case isStatus(resp, http.StatusNotFound):
		t.state(scope).setShard(shard, false)
		return "", nil
	case err != nil:
		return "", err
	case t.Canonical(answer.Name) != t.shardName(shard):
		return "", r.unreadable()
	}
	t.state(scope).setShard(shard, true)
	return answer.Value, nil
}

// WriteShard creates or replaces a shard. One that was not there when it was
// read, and is there now, is another run's: store.ErrConflict. An organization's is there for every
// repository, so that a job in any of them can verify what it was given.
func (t *Target) WriteShard(ctx context.Context, scope store.Scope, shard int, text string) error {
	where, err := t.paths(scope)
	if err != nil {
		return err
	}
	v := variable{
		op: "write the ledger of", ref: t.refOf(scope), base: where.variables,
		name: t.shardName(shard), value: text, found: t.state(scope).shard(shard), alone: true,
	}
	if t.options.ScopeKind == ScopeOrganization {
		v.chosen = selection{visibility: visibilityAll}
	}
	if _, err := t.writeVariable(ctx, v); err != nil {
		return err
	}
	t.state(scope).setShard(shard, true)
	return nil
}
