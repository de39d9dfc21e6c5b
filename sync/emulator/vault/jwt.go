package vault

import (
	"crypto/rsa"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A JWT sets up the JWT method:
// https://developer.hashicorp.com/vault/api-docs/auth/jwt#configure
type JWT struct {
	Keys        []*rsa.PublicKey // any of them may have signed, with RS256
	Issuer      string           // bound_issuer; "": any
	DefaultRole string           // of logins that name none
}

// A JWTRole is a role of the JWT method. The claim that names the user is sub.
type JWTRole struct {
	Name           string
	BoundAudiences []string            // one of them must be among the token's
	BoundSubject   string              // "": any
	BoundClaims    map[string][]string // each claim must have one of its values
	Glob           bool                // in the values of bound claims * is any text
	Policies       []string
	TTL            time.Duration // of its tokens; 0: Vault's default, 32 days
}

type jwtMethod struct {
	config JWT
	roles  map[string]JWTRole
}

// AddJWT adds the JWT method at a path below auth, "jwt", or sets it up anew:
// then it keeps its roles.
func (n *Namespace) AddJWT(path string, config JWT) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	if m, there := n.logins[path].(*jwtMethod); there {
		m.config = config
		return
	}
	n.logins[path] = &jwtMethod{config, map[string]JWTRole{}}
}

// AddJWTRole adds a role to the JWT method at a path, which must be there, or
// replaces the one of that name.
func (n *Namespace) AddJWTRole(path string, role JWTRole) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	m, there := n.logins[path].(*jwtMethod)
	if !there {
		panic(fmt.Sprintf("no JWT method at %q", path))
	}
	m.roles[role.Name] = role
}

func (m *jwtMethod) check(c *call) (grant, error) {
	body, err := c.roleAndJWT(m.config.DefaultRole)
	if err != nil {
		return grant{}, err
	}
	role, there := m.roles[body.Role]
	if !there {
		return grant{}, badLogin("role %q could not be found", body.Role)
	}
	claims, err := verify(body.JWT, m.config.Keys)
	if err != nil {
		return grant{}, err
	}
	for _, step := range []func() error{
		func() error { return claims.inTime(c.now) },
		func() error { return m.judge(role, claims) },
		func() error { return role.judge(claims) },
	} {
		if err := step(); err != nil {
			return grant{}, err
		}
	}
	return grant{role.Policies, role.TTL, map[string]string{"role": role.Name}}, nil
}

// A roleLogin is the body of a login with a role and a JWT.
type roleLogin struct {
	Role string `json:"role"`
	JWT  string `json:"jwt"`
}

func (c *call) roleAndJWT(usual string) (roleLogin, error) {
	body := roleLogin{}
	if err := c.decode(&body); err != nil {
		return body, err
	}
	if body.Role == "" {
		body.Role = usual
	}
	switch {
	case body.Role == "":
		return body, badLogin("missing role")
	case body.JWT == "":
		return body, badLogin("missing token")
	}
	return body, nil
}

// judge checks the claims that every token has.
func (m *jwtMethod) judge(role JWTRole, held claims) error {
	audiences := held.texts("aud")
	switch {
	case m.config.Issuer != "" && held["iss"] != m.config.Issuer:
		return badToken("invalid issuer (iss) claim")
	case role.BoundSubject != "" && held["sub"] != role.BoundSubject:
		return badToken("invalid subject (sub) claim")
	case len(role.BoundAudiences) == 0 && len(audiences) > 0:
		return badLogin("audience claim found in JWT but no audiences bound to the role")
	case len(role.BoundAudiences) > 0 && !slices.ContainsFunc(audiences, func(has string) bool { return slices.Contains(role.BoundAudiences, has) }):
		return badToken("invalid audience (aud) claim: audience claim does not match any expected audience")
	}
	return nil
}

// judge checks the claims that the role binds.
func (r JWTRole) judge(held claims) error {
	for _, name := range slices.Sorted(maps.Keys(r.BoundClaims)) {
		if _, there := held[name]; !there {
			return badLogin("error validating claims: claim %q is missing", name)
		}
		meets := func(has string) bool {
			return slices.ContainsFunc(r.BoundClaims[name], func(bound string) bool {
				return has == bound || r.Glob && globMatches(bound, has)
			})
		}
		if !slices.ContainsFunc(held.texts(name), meets) {
			return badLogin("error validating claims: claim %q does not match any associated bound claim values", name)
		}
	}
	if _, named := held["sub"].(string); !named {
		return badLogin("claim %q not found in token", "sub")
	}
	return nil
}

// globMatches reports whether text is what pattern says, in which * is any text.
func globMatches(pattern, text string) bool {
	first, rest, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, first)
	if !ok {
		return false
	}
	for at := range len(text) + 1 {
		if globMatches(rest, text[at:]) {
			return true
		}
	}
	return false
}

func badLogin(format string, values ...any) error {
	return refusal(http.StatusBadRequest, fmt.Sprintf(format, values...))
}

func badToken(why string) error { return badLogin("error validating token: %s", why) }
