package gcp

import (
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// life is how long an access token lasts.
const life = time.Hour

// A Provider is one of a workload identity pool, for tokens of OpenID Connect.
// https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers
type Provider struct {
	Keys       []*rsa.PublicKey  // any of them may have signed, with RS256
	Issuer     string            // issuer-uri
	Audiences  []string          // allowed-audiences; none: the provider's own name with https:// before it
	Attributes map[string]string // attribute-mapping: attribute.X to the claim; google.subject is sub
	Condition  map[string]string // attribute-condition: what claims must be
}

// AddProvider adds a provider: projects/N/locations/global/workloadIdentityPools/P/providers/V.
func (s *Server) AddProvider(name string, provider Provider) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.providers[name] = provider
}

// exchange changes a job's token for an access token (RFC 8693).
// https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
func (s *Server) exchange(x *harness.Exchange) (any, error) {
	form, err := url.ParseQuery(string(x.Body))
	if err != nil || form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:token-exchange" ||
		form.Get("requested_token_type") != "urn:ietf:params:oauth:token-type:access_token" ||
		!slices.Contains([]string{"urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:oauth:token-type:id_token"}, form.Get("subject_token_type")) {
		return nil, oauth(http.StatusBadRequest, "invalid_request", "Invalid value for \"grant_type\", \"requested_token_type\" or \"subject_token_type\".")
	}
	if form.Get("scope") == "" {
		return nil, oauth(http.StatusBadRequest, "invalid_scope", "The scope is missing.")
	}
	name, _ := strings.CutPrefix(form.Get("audience"), "//iam.googleapis.com/")
	provider, there := s.providers[name]
	if !there {
		return nil, oauth(http.StatusBadRequest, "invalid_target",
			"The target service indicated by the \"audience\" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist.")
	}
	claims, err := provider.verify(name, form.Get("subject_token"), s.Clock().Now())
	if err != nil {
		return nil, err
	}
	return map[string]any{ //nolint:gosec // names, and a token that is good here alone
		"access_token": s.issue(life, provider.members(name, claims)...), "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
		"token_type": "Bearer", "expires_in": int(life.Seconds()) - 1,
	}, nil
}

// verify checks a job's token, in Google's order and words.
// https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation
func (p Provider) verify(name, text string, now time.Time) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	signed := slices.ContainsFunc(p.Keys, func(key *rsa.PublicKey) bool {
		claims = jwt.MapClaims{}
		_, err := parser.ParseWithClaims(text, claims, func(*jwt.Token) (any, error) { return key, nil })
		return err == nil
	})
	issuer, _ := claims.GetIssuer()
	audience, _ := claims.GetAudience()
	allowed := p.Audiences
	if len(allowed) == 0 {
		allowed = []string{"https://iam.googleapis.com/" + name}
	}
	refuse := func(format string, a ...any) (jwt.MapClaims, error) {
		return nil, oauth(http.StatusBadRequest, "invalid_grant", fmt.Sprintf(format, a...))
	}
	expires, _ := claims.GetExpirationTime()
	switch {
	case !signed:
		return refuse("Error verifying the signature of ID Token: no key of the issuer's JWKS has verified it.")
	case issuer != p.Issuer:
		return refuse("The issuer in ID Token %s does not match the expected ones: %s.", issuer, p.Issuer)
	case !slices.ContainsFunc(allowed, func(one string) bool { return slices.Contains(audience, one) }):
		return refuse("The audience in ID Token %s does not match the expected audience %s.", audience, allowed)
	case expires == nil || now.After(expires.Time):
		return refuse("ID Token issued at 0 is stale to sign-in.")
	}
	for claim, want := range p.Condition {
		if claims[claim] != want {
			return nil, oauth(http.StatusForbidden, "unauthorized_client", "The given credential is rejected by the attribute condition.")
		}
	}
	return claims, nil
}

// members are whom grants know a job as.
// https://cloud.google.com/iam/docs/principal-identifiers
func (p Provider) members(name string, claims jwt.MapClaims) []string {
	pool, _, _ := strings.Cut(name, "/providers/")
	subject, _ := claims.GetSubject()
	members := []string{"principal://iam.googleapis.com/" + pool + "/subject/" + subject, "principalSet://iam.googleapis.com/" + pool + "/*"}
	for attribute, claim := range p.Attributes {
		if value, ok := claims[claim].(string); ok {
			members = append(members, "principalSet://iam.googleapis.com/"+pool+"/"+attribute+"/"+value)
		}
	}
	return members
}
