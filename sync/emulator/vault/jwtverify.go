package vault

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

// claims are what a JWT says (RFC 7519).
type claims map[string]any

// verify checks a JWT's signature (RFC 7515, RS256 alone) and returns what it
// says.
func verify(token string, keys []*rsa.PublicKey) (claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, badToken("error verifying token signature: go-jose/go-jose: compact JWS format must have three parts")
	}
	var head struct {
		Algorithm string `json:"alg"`
	}
	var said claims
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signed := func(key *rsa.PublicKey) bool {
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	}
	if err != nil || !decodePart(parts[0], &head) || head.Algorithm != "RS256" || !slices.ContainsFunc(keys, signed) || !decodePart(parts[1], &said) {
		return nil, badToken("error verifying token signature: no known key successfully validated the token signature")
	}
	return said, nil
}

func decodePart(part string, to any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, to) == nil
}

// The tolerances of Vault: for clocks that differ, and for how long a token
// lives that does not say.
const (
	skew = time.Minute
	life = 150 * time.Second
)

// inTime checks the token's times.
func (c claims) inTime(now time.Time) error {
	expires, begins, issued := c.time("exp"), c.time("nbf"), c.time("iat")
	if expires.IsZero() {
		switch {
		case !begins.IsZero():
			expires = begins.Add(life)
		case !issued.IsZero():
			expires = issued.Add(life)
		default:
			return badToken("no issued at (iat), not before (nbf), or expiration time (exp) claims in token")
		}
	}
	switch {
	case now.After(expires.Add(skew)):
		return badToken("invalid expiration time (exp) claim: token is expired")
	case now.Before(begins.Add(-skew)):
		return badToken("invalid not before (nbf) claim: token not yet valid")
	case now.Before(issued.Add(-skew)):
		return badToken("invalid issued at (iat) claim: token issued in the future")
	}
	return nil
}

// time reads a claim that is a time; zero where it is not there.
func (c claims) time(name string) time.Time {
	at, ok := c[name].(float64)
	if !ok {
		return time.Time{}
	}
	return time.Unix(int64(at), 0)
}

// texts reads a claim that is a text or a list of texts.
func (c claims) texts(name string) []string {
	switch held := c[name].(type) {
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
