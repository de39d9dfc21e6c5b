package vault_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"testing"
	"time"
)

// A signer makes tokens as a CI system does: JWTs signed with RS256.
type signer struct {
	t      *testing.T
	key    *rsa.PrivateKey
	issuer string
}

func newSigner(t *testing.T, issuer string) *signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{t, key, issuer}
}

// claims are those of a good token of a repository's job, for an audience.
func (s *signer) claims(repository, audience string) fields {
	now := time.Now().Unix()
	return fields{
		"iss": s.issuer, "aud": audience, "sub": "repo:" + repository + ":environment:prod", "repository": repository,
		"iat": now, "nbf": now - 5, "exp": now + 300,
	}
}

func (s *signer) sign(claims fields) string { return s.signAs("RS256", claims) }

func (s *signer) signAs(algorithm string, claims fields) string {
	s.t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	part := func(content fields) string {
		text, err := json.Marshal(content)
		if err != nil {
			s.t.Fatal(err)
		}
		return encode(text)
	}
	signed := part(fields{"alg": algorithm, "typ": "JWT", "kid": "test"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	return signed + "." + encode(signature)
}

// keySet is the public half, in the form of RFC 7517.
func (s *signer) keySet() fields {
	encode := base64.RawURLEncoding.EncodeToString
	return fields{"keys": []fields{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "test",
		"n": encode(s.key.N.Bytes()), "e": encode(big.NewInt(int64(s.key.E)).Bytes()),
	}}}
}
