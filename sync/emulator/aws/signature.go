package aws

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// authorization is the header of Signature Version 4.
var authorization = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/([0-9]{8})/([a-z0-9-]+)/([a-z]+)/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$`)

// authenticate finds who signed the request, and checks that they did: signed
// again with their key, it has the same signature.
func (c *call) authenticate() error {
	header := c.request.Header.Get("Authorization")
	if header == "" {
		return refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	parts := authorization.FindStringSubmatch(header)
	at, err := time.Parse("20060102T150405Z", c.request.Header.Get("X-Amz-Date"))
	if parts == nil || err != nil {
		return refusal("IncompleteSignatureException", "the authorization header is not complete")
	}
	id, region, service, signed := parts[1], parts[3], parts[4], strings.Split(parts[5], ";")
	who := c.server.keys[id]
	switch {
	case who == nil || who.token != c.request.Header.Get("X-Amz-Security-Token"):
		return c.unknown()
	case !who.expires.IsZero() && !c.now.Before(who.expires):
		return refusal("ExpiredTokenException", "The security token included in the request is expired")
	case region != c.server.region || service != c.service:
		return c.mismatch("Credential should be scoped to a valid region and service")
	case c.server.checkTime && c.now.Sub(at).Abs() > 5*time.Minute:
		return c.mismatch("Signature expired: " + at.Format(time.RFC3339) + " is now earlier than " + c.now.Add(-5*time.Minute).Format(time.RFC3339))
	case c.sign(who, signed, at) != header:
		return c.mismatch("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.")
	}
	c.who = who
	return nil
}

// unknown and mismatch have other names, and statuses, in query services.
func (c *call) unknown() error {
	if c.service == "sts" {
		return &failure{http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid"}
	}
	return refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
}

func (c *call) mismatch(message string) error {
	if c.service == "sts" {
		return &failure{http.StatusForbidden, "SignatureDoesNotMatch", message}
	}
	return refusal("InvalidSignatureException", "%s", message)
}

// sign gives the authorization that the request would have of a key.
func (c *call) sign(who *key, headers []string, at time.Time) string {
	again, err := http.NewRequestWithContext(context.Background(), c.request.Method, "https://"+c.request.Host+c.path, io.NopCloser(bytes.NewReader(c.body)))
	if err != nil {
		return ""
	}
	again.URL.RawQuery = c.request.URL.RawQuery
	for _, name := range headers {
		switch name {
		case "host", "x-amz-date", "x-amz-security-token":
		case "content-length":
			again.ContentLength = int64(len(c.body))
		default:
			again.Header[http.CanonicalHeaderKey(name)] = c.request.Header.Values(name)
		}
	}
	sum := sha256.Sum256(c.body)
	credentials := aws.Credentials{AccessKeyID: who.id, SecretAccessKey: who.secret, SessionToken: who.token}
	if v4.NewSigner().SignHTTP(context.Background(), credentials, again, hex.EncodeToString(sum[:]), c.service, c.server.region, at) != nil {
		return ""
	}
	return again.Header.Get("Authorization")
}
