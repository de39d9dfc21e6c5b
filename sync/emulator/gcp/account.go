package gcp

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// An account is a service account.
type account struct{ key *rsa.PublicKey }

// AddAccount adds a service account, and the key by which it can prove itself;
// nil where it has none.
func (s *Server) AddAccount(email string, key *rsa.PublicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[email] = &account{key}
}

// AddUser makes a user's refresh token valid.
func (s *Server) AddUser(email, refreshToken string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users[refreshToken] = email
}

// generateAccessToken gives who may become a service account its token.
// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
func (s *Server) generateAccessToken(x *harness.Exchange) (any, error) {
	caller, err := s.caller(x.Request)
	if err != nil {
		return nil, err
	}
	email, verb := strings.CutSuffix(strings.TrimPrefix(x.Request.URL.Path, "/v1/projects/-/serviceAccounts/"), ":generateAccessToken")
	var asked struct {
		Scope    []string `json:"scope"`
		Lifetime string   `json:"lifetime"`
	}
	lasts := life
	switch {
	case !verb:
		return nil, noMethod()
	case json.Unmarshal(x.Body, &asked) != nil || len(asked.Scope) == 0:
		return nil, refusal(http.StatusBadRequest, "INVALID_ARGUMENT", "Request contains an invalid argument.")
	case s.accounts[email] == nil && s.may(caller, "iam.serviceAccounts.getAccessToken", email):
		return nil, refusal(http.StatusNotFound, "NOT_FOUND", "Not found; Gaia id not found for email "+email)
	case !s.may(caller, "iam.serviceAccounts.getAccessToken", email):
		return nil, refusal(http.StatusForbidden, "PERMISSION_DENIED", "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
			because("IAM_PERMISSION_DENIED", "iam.googleapis.com", map[string]string{"permission": "iam.serviceAccounts.getAccessToken"}))
	case asked.Lifetime != "":
		if lasts, err = time.ParseDuration(asked.Lifetime); err != nil || lasts <= 0 || lasts > 12*time.Hour {
			return nil, refusal(http.StatusBadRequest, "INVALID_ARGUMENT", "The lifetime is not valid.")
		}
	}
	return map[string]any{"accessToken": s.issue(lasts, "serviceAccount:"+email), "expireTime": s.Clock().Now().Add(lasts).UTC().Format(time.RFC3339)}, nil
}

// oauthToken gives tokens for a service account's assertion (RFC 7523) and for
// a user's refresh token (RFC 6749 §6).
// https://developers.google.com/identity/protocols/oauth2/service-account
func (s *Server) oauthToken(x *harness.Exchange) (any, error) {
	form, err := url.ParseQuery(string(x.Body))
	if err != nil {
		return nil, oauth(http.StatusBadRequest, "invalid_request", "Bad Request")
	}
	var member string
	switch form.Get("grant_type") {
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		email, err := s.asserted(form.Get("assertion"), x.Base+x.Request.URL.Path)
		if err != nil {
			return nil, err
		}
		member = "serviceAccount:" + email
	case "refresh_token":
		email := s.users[form.Get("refresh_token")]
		if email == "" {
			return nil, oauth(http.StatusBadRequest, "invalid_grant", "Token has been expired or revoked.")
		}
		member = "user:" + email
	default:
		return nil, oauth(http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type: "+form.Get("grant_type"))
	}
	return map[string]any{"access_token": s.issue(life, member), "expires_in": int(life.Seconds()) - 1, "token_type": "Bearer"}, nil
}

// asserted finds the service account that has signed.
func (s *Server) asserted(assertion, audience string) (string, error) {
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(audience), jwt.WithTimeFunc(s.Clock().Now), jwt.WithExpirationRequired())
	_, err := parser.ParseWithClaims(assertion, claims, func(*jwt.Token) (any, error) {
		issuer, _ := claims.GetIssuer()
		if s.accounts[issuer] == nil || s.accounts[issuer].key == nil {
			return nil, fmt.Errorf("no key of %s", issuer)
		}
		return s.accounts[issuer].key, nil
	})
	if err != nil {
		return "", oauth(http.StatusBadRequest, "invalid_grant", "Invalid JWT Signature.")
	}
	if claims["scope"] == nil {
		return "", oauth(http.StatusBadRequest, "invalid_scope", "Empty or missing scope not allowed.")
	}
	return claims.GetIssuer()
}
