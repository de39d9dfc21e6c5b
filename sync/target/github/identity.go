package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	gh "github.com/google/go-github/v60/github"

	"github.com/keyplumb/keyplumb/sync/store"
)

// Identity is "github|HOST|repository|ID" or "github|HOST|organization|ID".
// The id stays when the name changes, and is another one when a name is used
// again.
func (t *Target) Identity(ctx context.Context) (string, error) {
	t.identityMu.Lock()
	defer t.identityMu.Unlock()
	if t.identity != "" {
		return t.identity, nil
	}
	find, kind := t.repositoryID, "repository"
	if t.name == "" {
		find, kind = t.organizationID, "organization"
	}
	id, err := find(ctx)
	if err != nil {
		return "", err
	}
	t.identity = fmt.Sprintf("github|%s|%s|%d", t.host, kind, id)
	return t.identity, nil
}

func (t *Target) repositoryID(ctx context.Context) (int64, error) {
	return t.lookUpRepository(ctx, t.name)
}

// lookUpRepository gives the id of a repository of the target's owner, which
// must still have the name.
func (t *Target) lookUpRepository(ctx context.Context, name string) (int64, error) {
	var repo gh.Repository
	r := request{
		op: "find repository", ref: t.owner + "/" + name, method: http.MethodGet,
		path: t.repository(name), into: &repo, needs: "metadata=read",
	}
	resp, err := t.call(ctx, r)
	if isStatus(resp, http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect) {
		return 0, t.moved(ctx, r, resp.Header.Get("Location"))
	}
	switch {
	case err != nil:
		return 0, err
	case repo.GetID() == 0 || repo.GetFullName() == "":
		return 0, r.unreadable()
	case !strings.EqualFold(repo.GetFullName(), r.ref):
		return 0, movedTo(r, repo.GetFullName())
	}
	return repo.GetID(), nil
}

// moved asks for the new name where GitHub points, which is an address by
// number. The transport goes there only if it is on the same host.
func (t *Target) moved(ctx context.Context, r request, location string) error {
	var repo gh.Repository
	follow := r
	follow.path, follow.into = location, &repo
	if location == "" {
		return movedTo(r, "")
	}
	if _, err := t.call(ctx, follow); err != nil {
		return movedTo(r, "")
	}
	return movedTo(r, repo.GetFullName())
}

// movedTo names the new name where it is one: it comes from the server.
func movedTo(r request, name string) error {
	e := &store.Error{
		Op: r.op, Ref: r.ref, Kind: store.ErrMoved,
		Detail: "the repository was renamed or transferred", Hint: "change the name in the policy",
	}
	if repositoryName.MatchString(name) {
		e.Detail, e.Hint = "it is now "+name, "change the name in the policy to "+name
	}
	return e
}

// organizationID takes the id from the owner of any repository: that is one
// request which needs no permission over the organization.
func (t *Target) organizationID(ctx context.Context) (int64, error) {
	var repos []gh.Repository
	r := request{
		op: "find organization", ref: t.owner, method: http.MethodGet,
		path: "orgs/" + t.owner + "/repos?per_page=1", into: &repos, needs: "metadata=read",
	}
	if _, err := t.call(ctx, r); err != nil {
		return 0, err
	}
	if len(repos) == 0 {
		return 0, &store.Error{
			Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable,
			Detail: "the token sees no repository of it, by which its id would be known",
			Hint:   "give the token access to one repository of the organization",
		}
	}
	owner := repos[0].GetOwner()
	switch {
	case owner.GetID() == 0 || owner.GetLogin() == "":
		return 0, r.unreadable()
	case !strings.EqualFold(owner.GetLogin(), t.owner):
		e := &store.Error{
			Op: r.op, Ref: r.ref, Kind: store.ErrMoved,
			Detail: "the organization was renamed", Hint: "change the name in the policy",
		}
		if organizationName.MatchString(owner.GetLogin()) {
			e.Detail, e.Hint = "it is now "+owner.GetLogin(), "change the name in the policy to "+owner.GetLogin()
		}
		return 0, e
	}
	return owner.GetID(), nil
}
