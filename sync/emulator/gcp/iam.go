package gcp

import (
	"crypto/rand"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The roles that are known here, and what they let one do.
// https://cloud.google.com/secret-manager/docs/access-control
const (
	Accessor     = "roles/secretmanager.secretAccessor"
	Viewer       = "roles/secretmanager.viewer"
	WorkloadUser = "roles/iam.workloadIdentityUser"
)

func permissions(role string) []string {
	return map[string][]string{
		Accessor:     {"secretmanager.versions.access"},
		Viewer:       {"secretmanager.secrets.get", "secretmanager.secrets.list", "secretmanager.versions.get", "secretmanager.versions.list"},
		WorkloadUser: {"iam.serviceAccounts.getAccessToken"},
	}[role]
}

// A grant lets a member do something with a resource and all below it.
type grant struct{ member, role, resource string }

// Grant gives a member a role on a project, a secret or a service account:
// projects/P, projects/P/secrets/S, or the account's email. A member is
// user:EMAIL, serviceAccount:EMAIL, or a principal or principalSet of a pool.
func (s *Server) Grant(member, role, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants = append(s.grants, grant{member, role, resource})
}

// Deny takes all that was granted on a resource away.
func (s *Server) Deny(resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants = slices.DeleteFunc(s.grants, func(g grant) bool { return g.resource == resource })
}

// may tells whether who holds a token has a permission on a resource.
func (s *Server) may(t *token, permission, resource string) bool {
	return slices.ContainsFunc(s.grants, func(g grant) bool {
		return slices.Contains(t.members, g.member) && slices.Contains(permissions(g.role), permission) &&
			(resource == g.resource || strings.HasPrefix(resource, g.resource+"/"))
	})
}

// below gives the secrets of a project or of a location, by name.
func (s *Server) below(parent string) (found []*secret) {
	for _, name := range slices.Sorted(maps.Keys(s.secrets)) {
		if rest, ok := strings.CutPrefix(name, parent+"/secrets/"); ok && !strings.Contains(rest, "/") {
			found = append(found, s.secrets[name])
		}
	}
	return found
}

// A token is an access token that was made.
type token struct {
	members []string // whom grants know its holder as
	expires time.Time
	revoked bool
}

// AddToken makes an access token valid for a member, an hour long.
func (s *Server) AddToken(value, member string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[value] = &token{members: []string{member}, expires: s.Clock().Now().Add(time.Hour)}
}

// RevokeTokens ends all access tokens.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		t.revoked = true
	}
}

// Tokens gives every access token that was made.
func (s *Server) Tokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.tokens))
}

// issue makes an access token.
func (s *Server) issue(life time.Duration, members ...string) string {
	value := "ya29." + strings.ToLower(rand.Text()+rand.Text())
	s.tokens[value] = &token{members: members, expires: s.Clock().Now().Add(life)}
	return value
}

// caller finds who asks.
func (s *Server) caller(r *http.Request) (*token, error) {
	value, sent := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !sent {
		return nil, unauthenticated("CREDENTIALS_MISSING")
	}
	t := s.tokens[value]
	switch {
	case t == nil || t.revoked:
		return nil, unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED")
	case s.Clock().Now().After(t.expires):
		return nil, unauthenticated("ACCESS_TOKEN_EXPIRED")
	}
	return t, nil
}
