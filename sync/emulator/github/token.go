package github

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A token is a bearer token and what it may do.
type token struct {
	permissions  map[string]string // nil: everything
	repositories map[int64]bool    // nil: every repository
	expires      time.Time         // zero: never
	user         *account          // whose /user/… it is; nil for an App's
	installation *installation     // the installation that minted it
	used         int               // requests in the present window
	windowEnd    time.Time
}

// A Limit narrows what a token of AddToken may do.
type Limit func(*Server, *token)

// Permissions lets the token do what the map says, in the terms of a
// fine-grained token ("secrets": "read" or "write"), and nothing else.
// Reading metadata is always allowed.
func Permissions(levels map[string]string) Limit {
	return func(_ *Server, t *token) { t.permissions = maps.Clone(levels) }
}

// Repositories lets the token see these repositories ("owner/name") alone.
func Repositories(names ...string) Limit {
	return func(s *Server, t *token) {
		t.repositories = map[int64]bool{}
		for _, name := range names {
			t.repositories[s.mustRepository(name).id] = true
		}
	}
}

// Expires makes the token end at the time t of the emulator's clock.
func Expires(at time.Time) Limit {
	return func(_ *Server, t *token) { t.expires = at }
}

func (t *token) sees(r *repository) bool {
	if t == nil {
		return false
	}
	return t.repositories == nil || t.repositories[r.id]
}

// A permission is what an operation asks of a token.
type permission struct{ name, level string }

var levels = []string{"", "read", "write", "admin"}

// allows reports whether granted includes p.
func (p permission) allowed(granted map[string]string) bool {
	if granted == nil || p.name == "metadata" {
		return true
	}
	return slices.Index(levels, granted[p.name]) >= slices.Index(levels, p.level)
}

// authenticate finds the request's token.
func (c *call) authenticate() error {
	bearer, ok := credentials(c.request)
	if !ok {
		return unauthorized("Requires authentication")
	}
	found, known := c.server.tokens[bearer]
	if !known || !found.expires.IsZero() && !c.server.Clock().Now().Before(found.expires) {
		return unauthorized("Bad credentials")
	}
	c.token, c.bearer = found, bearer
	return nil
}

// credentials reads "Bearer X" or "token X", both of which GitHub takes.
func credentials(r *http.Request) (string, bool) {
	scheme, value, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "bearer") && !strings.EqualFold(scheme, "token") {
		return "", false
	}
	return strings.TrimSpace(value), value != ""
}

// authorize applies the route's permission, once the resource is known to be
// visible.
func (c *call) authorize(p permission) error {
	c.header.Set("X-Accepted-GitHub-Permissions", fmt.Sprintf("%s=%s", p.name, p.level))
	if p.allowed(c.token.permissions) {
		return nil
	}
	return &failure{status: http.StatusForbidden, message: "Resource not accessible by integration"}
}
