package kubernetes

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// A User is who a request is from.
type User struct {
	Name   string
	Groups []string
}

// A token is one that is known by itself.
type token struct {
	user    User
	expires time.Time // zero: never
}

// AddToken has a token stand for a user, as a line of a token file does.
func (s *Server) AddToken(value string, user User) { s.AddTokenUntil(value, user, time.Time{}) }

// AddTokenUntil has a token stand for a user up to a time of the emulator's
// clock.
func (s *Server) AddTokenUntil(value string, user User, end time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[value] = &token{user: user, expires: end}
}

// RevokeToken ends a token.
func (s *Server) RevokeToken(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, value)
}

var anonymous = User{Name: "system:anonymous", Groups: []string{"system:unauthenticated"}}

// authenticate finds out who the request is from. What is shown and is no good
// is refused; who shows nothing is nobody.
func (c *call) authenticate() *failure {
	if tls := c.request.TLS; tls != nil && len(tls.VerifiedChains) > 0 {
		subject := tls.PeerCertificates[0].Subject
		c.user = known(User{Name: subject.CommonName, Groups: subject.Organization})
		return nil
	}
	scheme, shown, _ := strings.Cut(c.request.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(shown) == "" {
		c.user = anonymous
		return nil
	}
	if held := c.server.tokens[shown]; held != nil && (held.expires.IsZero() || c.now.Before(held.expires)) {
		c.user = known(held.user)
		return nil
	}
	for _, issuer := range c.server.issuers {
		if user, ok := issuer.user(shown, c.now); ok {
			c.user = known(user)
			return nil
		}
	}
	return unauthorized()
}

// known adds the group of everybody who has said who he is.
func known(user User) User {
	user.Groups = append(slices.Clone(user.Groups), "system:authenticated")
	return user
}

func unauthorized() *failure {
	return refusal(http.StatusUnauthorized, "Unauthorized", "Unauthorized", nil)
}

// impersonate has the request be from whom it says, for those who may.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
func (c *call) impersonate() *failure {
	as, groups := c.request.Header.Get("Impersonate-User"), c.request.Header.Values("Impersonate-Group")
	if as == "" {
		return nil
	}
	may := c.server.may(c.user, rule{verb: "impersonate", resource: "users", name: as})
	for _, group := range groups {
		may = may && c.server.may(c.user, rule{verb: "impersonate", resource: "groups", name: group})
	}
	if !may {
		// Asked about last is the narrower right, to impersonate for this alone.
		at, _ := route(c.request.URL.Path)
		return forbidden(c.user, "impersonate-on:user-info:"+c.verb(at), "secrets", at)
	}
	c.user = known(User{Name: as, Groups: groups})
	return nil
}
