package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// Identity is "gitlab|HOST|project|ID", "gitlab|HOST|group|ID" or
// "gitlab|HOST|instance". The id stays when the path changes, and is another
// one when a path is used again.
func (t *Target) Identity(ctx context.Context) (string, error) {
	if t.level == &instanceLevel {
		return "gitlab|" + t.host + "|instance", nil
	}
	t.identityMu.Lock()
	defer t.identityMu.Unlock()
	if t.identity != "" {
		return t.identity, nil
	}
	id, err := t.find(ctx)
	if err != nil {
		return "", err
	}
	t.identity = fmt.Sprintf("gitlab|%s|%s|%d", t.host, t.level.name, id)
	return t.identity, nil
}

// A home is a project or a group, as far as it matters here.
type home struct {
	ID          int64  `json:"id"`
	ProjectPath string `json:"path_with_namespace"`
	GroupPath   string `json:"full_path"`
}

// path is the one of the two that a home of its level has.
func (h home) path() string { return h.ProjectPath + h.GroupPath }

// briefly leaves out of a group what would make the answer long.
type briefly struct {
	WithProjects bool `url:"with_projects"`
}

// find gives the id of the project or group, which must still have the path.
func (t *Target) find(ctx context.Context) (int64, error) {
	var found home
	r := request{op: "find " + t.level.name, ref: t.path, method: http.MethodGet, path: t.root(), into: &found}
	if t.level == &groupLevel {
		r.options = briefly{}
	}
	resp, err := t.call(ctx, r)
	if resp.is(http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect) {
		return 0, t.movedTo(r, t.pathAt(ctx, r, resp.header.Get("Location")))
	}
	switch {
	case err != nil:
		return 0, err
	case found.ID <= 0 || found.path() == "":
		return 0, r.unreadable()
	case !strings.EqualFold(found.path(), t.path):
		return 0, t.movedTo(r, found.path())
	}
	return found.ID, nil
}

// byNumber is how GitLab's redirect names what was moved.
var byNumber = regexp.MustCompile(`/(projects|groups)/([0-9]{1,18})(\?|$)`)

// pathAt asks for the new path of what a redirect leads to; "" where that does
// not lead to anything. Only the number is taken from it, never a host.
func (t *Target) pathAt(ctx context.Context, r request, location string) string {
	parts := byNumber.FindStringSubmatch(location)
	if parts == nil {
		return ""
	}
	var found home
	r.path, r.into = parts[1]+"/"+parts[2], &found
	if _, err := t.call(ctx, r); err != nil {
		return ""
	}
	return found.path()
}

// movedTo names the new path where it is one: it comes from the server.
func (t *Target) movedTo(r request, path string) error {
	e := &store.Error{
		Op: r.op, Ref: r.ref, Kind: store.ErrMoved,
		Detail: "the " + t.level.name + " was renamed or transferred", Hint: "change the name in the policy",
	}
	for segment := range strings.SplitSeq(path, "/") {
		if !pathSegment.MatchString(segment) {
			return e
		}
	}
	e.Detail, e.Hint = "it is now "+path, "change the name in the policy to "+path
	return e
}
