package vault

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A token is one that was made, whether it still lives or not.
type token struct {
	value    string
	accessor string
	space    *Namespace
	policies []string
	path     string // where it was made, "auth/jwt/login"
	name     string // its display name
	meta     map[string]string
	made     time.Time
	expires  time.Time // zero: never
	orphan   bool      // ends with no other token
	revoked  bool
}

// A Token is what a test sees of a token that lives.
type Token struct {
	Value     string
	Namespace string // "" is the root
	Path      string // where it was made: "auth/jwt/login", "auth/token/create"
	Policies  []string
	Expires   time.Time // zero: never
}

// A Limit narrows what a token of AddToken may do.
type Limit func(*token)

// Policies gives the token these policies in place of root, and default.
func Policies(names ...string) Limit {
	return func(t *token) { t.policies = withDefault(names) }
}

// WithoutDefault takes the default policy away: the token may then neither look
// itself up nor revoke itself.
func WithoutDefault() Limit {
	return func(t *token) {
		t.policies = slices.DeleteFunc(t.policies, func(name string) bool { return name == "default" })
	}
}

// Expires makes the token end at a time of the emulator's clock.
func Expires(at time.Time) Limit { return func(t *token) { t.expires = at } }

func withDefault(names []string) []string {
	all := append([]string{"default"}, names...)
	slices.Sort(all)
	return slices.Compact(all)
}

// AddToken makes the token valid in this namespace and those inside it: with the
// policy root, which may do everything, unless limited.
func (n *Namespace) AddToken(value string, limits ...Limit) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	t := &token{value: value, space: n, policies: []string{"root"}, path: "auth/token/create", name: "token"}
	for _, limit := range limits {
		limit(t)
	}
	n.server.keep(t)
}

func (s *Server) keep(t *token) {
	t.accessor, t.made = rand.Text()[:24], s.Clock().Now()
	s.tokens[t.value] = t
	s.order = append(s.order, t)
}

// RevokeToken ends a token, which must be there.
func (s *Server) RevokeToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[value].revoked = true
}

// Tokens returns the tokens that live, those of logins and those of AddToken, in
// the order in which they were made.
func (s *Server) Tokens() []Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	alive := []Token{}
	for _, t := range s.order {
		if t.alive(s.Clock().Now()) {
			alive = append(alive, Token{t.value, t.space.path, t.path, slices.Clone(t.policies), t.expires})
		}
	}
	return alive
}

func (t *token) alive(now time.Time) bool {
	return !t.revoked && (t.expires.IsZero() || now.Before(t.expires))
}

func (t *token) root() bool { return slices.Contains(t.policies, "root") }

// authenticate finds the request's token, which must live and be of a namespace
// that the request is inside of.
func (c *call) authenticate() error {
	value := c.credential()
	if value == "" {
		return withoutToken()
	}
	found := c.server.tokens[value]
	if found == nil || !found.alive(c.now) {
		return invalidToken()
	}
	if _, inside := c.seenFrom(found.space); !inside {
		return invalidToken()
	}
	c.token = found
	return nil
}

func (c *call) credential() string {
	if value := c.request.Header.Get("X-Vault-Token"); value != "" {
		return value
	}
	value, bearer := strings.CutPrefix(c.request.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		return ""
	}
	return value
}

// lookupSelf describes the token: /vault/api-docs/auth/token#lookup-a-token-self
func (c *call) lookupSelf() (reply, error) {
	t := c.token
	data := map[string]any{
		"accessor": t.accessor, "creation_time": t.made.Unix(), "creation_ttl": 0, "display_name": t.name,
		"entity_id": "", "expire_time": nil, "explicit_max_ttl": 0, "id": t.value, "meta": t.meta, "num_uses": 0,
		"orphan": t.orphan, "path": t.path, "policies": t.policies, "ttl": 0, "type": "service",
	}
	if !t.expires.IsZero() {
		data["creation_ttl"], data["ttl"] = seconds(t.expires.Sub(t.made)), seconds(t.expires.Sub(c.now))
		data["expire_time"], data["issue_time"], data["renewable"] = stamp(t.expires), stamp(t.made), true
	}
	return c.result("token", data)
}

func (c *call) revokeSelf() (reply, error) {
	c.token.revoked = true
	return reply{status: http.StatusNoContent}, nil
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// stamp writes a time as Vault does, "" for none.
func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}
