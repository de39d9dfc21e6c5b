package kubernetes

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// An Issuer signs tokens that the cluster takes: an entry of jwt in an
// AuthenticationConfiguration, or the cluster's own service accounts.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
type Issuer struct {
	URL       string
	Audiences []string // a token has to be for one of them
	Keys      []*rsa.PublicKey
	Username  string            // the claim that names the user; "" is sub
	Prefix    string            // before the user's name
	Required  map[string]string // claims that have to be so
}

// AddIssuer has the cluster take an issuer's tokens.
func (s *Server) AddIssuer(issuer Issuer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.issuers = append(s.issuers, issuer)
}

// user reads who a token is of, if it is good (RFC 7519).
func (i Issuer) user(token string, now time.Time) (User, bool) {
	said, ok := i.verify(token)
	if !ok || said["iss"] != i.URL || !i.inTime(said, now) {
		return User{}, false
	}
	if !slices.ContainsFunc(i.Audiences, func(one string) bool { return slices.Contains(texts(said["aud"]), one) }) {
		return User{}, false
	}
	for claim, value := range i.Required {
		if said[claim] != value {
			return User{}, false
		}
	}
	claim := i.Username
	if claim == "" {
		claim = "sub"
	}
	name, ok := said[claim].(string)
	return User{Name: i.Prefix + name}, ok && name != ""
}

// verify checks the signature (RFC 7515, RS256 alone) and reads the claims.
func (i Issuer) verify(token string) (claims map[string]any, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	var head struct {
		Algorithm string `json:"alg"`
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !decodePart(parts[0], &head) || head.Algorithm != "RS256" || !decodePart(parts[1], &claims) {
		return nil, false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return claims, slices.ContainsFunc(i.Keys, func(key *rsa.PublicKey) bool {
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	})
}

func decodePart(part string, to any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, to) == nil
}

// inTime checks exp, which there has to be, and nbf.
func (i Issuer) inTime(claims map[string]any, now time.Time) bool {
	end, ok := claims["exp"].(float64)
	if !ok || !now.Before(time.Unix(int64(end), 0)) {
		return false
	}
	begin, ok := claims["nbf"].(float64)
	return !ok || !now.Before(time.Unix(int64(begin), 0))
}

// texts reads a claim that is a text or a list of texts.
func texts(claim any) []string {
	switch held := claim.(type) {
	case string:
		return []string{held}
	case []any:
		var all []string
		for _, each := range held {
			if text, ok := each.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}
