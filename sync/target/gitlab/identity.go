package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// place is what a project and a group say of themselves.
type place struct {
	ID                int64  `json:"id"`
	PathWithNamespace string `json:"path_with_namespace"` // of a project
	FullPath          string `json:"full_path"`           // of a group
}

func (p place) path() string { return p.PathWithNamespace + p.FullPath }

// Identity is "gitlab|HOST|project|ID" or "gitlab|HOST|group|ID", which stays
// when the path changes and is another one when a path is used again; or
// "gitlab|HOST|instance", which takes no request.
func (t *Target) Identity(ctx context.Context) (string, error) {
	t.identityMu.Lock()
	defer t.identityMu.Unlock()
	if t.level.kind == "instance" {
		return "gitlab|" + t.host + "|instance", nil
	}
	if t.identity != "" {
		return t.identity, nil
	}
	var found place
	r := request{op: "find " + t.level.kind, ref: t.level.ref, method: http.MethodGet, path: t.level.path, into: &found}
	resp, err := t.call(ctx, r)
	if resp != nil && resp.Response != nil && resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return "", t.moved(ctx, r, resp.Header.Get("Location"))
	}
	switch {
	case err != nil:
		return "", err
	case found.ID == 0 || found.path() == "":
		return "", r.unreadable()
	case !strings.EqualFold(found.path(), t.level.ref):
		return "", movedTo(r, found.path())
	}
	t.identity = fmt.Sprintf("gitlab|%s|%s|%d", t.host, t.level.kind, found.ID)
	return t.identity, nil
}

// byNumber is where GitLab redirects the former path of a project or group to.
var byNumber = regexp.MustCompile(`/((?:projects|groups)/[0-9]+)(?:\?.*)?$`)

// moved is for a path that was used once. The number that GitLab redirects to
// is asked for the path of today, at the same address as everything.
func (t *Target) moved(ctx context.Context, r request, location string) error {
	parts := byNumber.FindStringSubmatch(location)
	if parts == nil {
		return movedTo(r, "")
	}
	var found place
	follow := r
	follow.path, follow.into = parts[1], &found
	if _, err := t.call(ctx, follow); err != nil {
		return movedTo(r, "")
	}
	return movedTo(r, found.path())
}

// movedTo names the new path where it is one: it comes from the server.
func movedTo(r request, path string) error {
	e := &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrMoved, Detail: "it was renamed or moved", Hint: "change the path in the policy"}
	if fullPath.MatchString(path) && !hasDots(path) {
		e.Detail, e.Hint = "it is now "+path, "change the path in the policy to "+path
	}
	return e
}
