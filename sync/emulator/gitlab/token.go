package gitlab

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Role is what a member of a group or project may do.
type Role int

// The roles of https://docs.gitlab.com/user/permissions/, with the numbers that
// the API gives them.
const (
	none       Role = 0
	Guest      Role = 10
	Reporter   Role = 20
	Developer  Role = 30
	Maintainer Role = 40
	Owner      Role = 50
)

// A token is an access token, and the user that it is of.
type token struct {
	id       int64
	username string
	admin    bool
	roles    map[int64]Role // by the id of a group or project
	scopes   []string
	expires  time.Time // zero: never
	revoked  bool
	job      bool  // a CI_JOB_TOKEN
	window   int64 // the minute that observed counts, in Unix time / 60
	observed int   // requests in it
}

// onGroup is what the user may do in a group. A nil token is nobody's.
func (t *token) onGroup(g *group) Role {
	if t == nil {
		return none
	}
	if t.admin {
		return Owner
	}
	return t.inGroups(g)
}

// inGroups is the highest of the user's roles in a group and in those that it is
// inside of.
func (t *token) inGroups(g *group) Role {
	highest := none
	for _, each := range g.chain() {
		highest = max(highest, t.roles[each.id])
	}
	return highest
}

func (t *token) onProject(p *project) Role {
	if t == nil {
		return none
	}
	return max(t.onGroup(p.group), t.roles[p.id])
}

// authenticate finds the request's token. Without one the request is
// anonymous, and it is for the operation to refuse that.
func (c *call) authenticate() error {
	value := c.credential()
	if value == "" {
		return nil
	}
	found := c.server.tokens[value]
	if found == nil || found.job {
		return unauthorized()
	}
	if err := found.alive(c.now); err != nil {
		return err
	}
	if !found.covers(c.request.Method) {
		return bearerError(http.StatusForbidden, map[string]any{
			"error":             "insufficient_scope",
			"error_description": "The request requires higher privileges than provided by the access token.",
			"scope":             "api read_api",
		})
	}
	c.token = found
	return nil
}

// credential is the request's token. What a JOB-TOKEN header holds is none to
// the operations here, which do not take job tokens; as another kind of token
// GitLab does not know it.
func (c *call) credential() string {
	if value := c.request.Header.Get("PRIVATE-TOKEN"); value != "" {
		return value
	}
	scheme, value, ok := strings.Cut(c.request.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return value
}

func (t *token) alive(now time.Time) error {
	dead := func(why string) error {
		return bearerError(http.StatusUnauthorized, map[string]any{"error": "invalid_token", "error_description": why})
	}
	switch {
	case t.revoked:
		return dead("Token was revoked. You have to re-authorize from the user.")
	case !t.expires.IsZero() && !now.Before(t.expires):
		return dead("Token is expired. You can either do re-authorization or token refresh.")
	}
	return nil
}

// covers reports whether the token's scopes allow a request of the method.
func (t *token) covers(method string) bool {
	reads := method == http.MethodGet || method == http.MethodHead
	return slices.Contains(t.scopes, "api") || reads && slices.Contains(t.scopes, "read_api")
}
