package azure

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

// A Federated credential trusts tokens of another issuer.
// https://learn.microsoft.com/graph/api/resources/federatedidentitycredential
type Federated struct {
	Issuer   string
	Subject  string
	Audience string           // "" is api://AzureADTokenExchange
	Keys     []*rsa.PublicKey // the issuer's
}

// tolerance is for clocks that differ.
const tolerance = 5 * time.Minute

// trusts tells whether a token proves to be the application; else with which
// number it is refused.
func (a Application) trusts(assertion string, now time.Time) (code int, text string) {
	parts := strings.Split(assertion, ".")
	var head struct {
		Algorithm string `json:"alg"`
	}
	var said map[string]any
	if len(parts) != 3 || !decode(parts[0], &head) || !decode(parts[1], &said) || head.Algorithm != "RS256" {
		return 50027, "JWT token is invalid or malformed."
	}
	ofIssuer := slices.DeleteFunc(slices.Clone(a.Federated), func(f Federated) bool { return f.Issuer != said["iss"] })
	if len(ofIssuer) == 0 {
		return 700211, "No matching federated identity record found for presented assertion issuer."
	}
	ofSubject := slices.DeleteFunc(ofIssuer, func(f Federated) bool { return f.Subject != said["sub"] })
	if len(ofSubject) == 0 {
		return 700213, "No matching federated identity record found for presented assertion subject."
	}
	f := ofSubject[0]
	audience := f.Audience
	if audience == "" {
		audience = "api://AzureADTokenExchange"
	}
	if !slices.Contains(texts(said["aud"]), audience) {
		return 700212, "No matching federated identity record found for presented assertion audience."
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || !slices.ContainsFunc(f.Keys, func(key *rsa.PublicKey) bool { return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil }) {
		return 700027, "The certificate with identifier used to sign the client assertion is not registered on application."
	}
	expires, ok := said["exp"].(float64)
	begins, _ := said["nbf"].(float64)
	if !ok || now.After(time.Unix(int64(expires), 0).Add(tolerance)) || now.Before(time.Unix(int64(begins), 0).Add(-tolerance)) {
		return 700024, "Client assertion is not within its valid time range."
	}
	return 0, ""
}

func decode(part string, to any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, to) == nil
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
