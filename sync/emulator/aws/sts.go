package aws

import (
	"crypto/rsa"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A Provider is an identity provider of the account:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
type Provider struct {
	Issuer    string
	Keys      []*rsa.PublicKey // any of them may have signed, with RS256
	ClientIDs []string         // the audiences that it takes
}

// AddProvider adds an identity provider.
func (s *Server) AddProvider(p Provider) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.providers[p.Issuer] = p
}

// A Role is who can be logged in as.
type Role struct {
	Name       string
	Conditions map[string][]string // of its trust policy: each claim has one of the values, in which * is any text
	Trusts     []string            // the access keys that may assume it
	ExternalID string              // that they must give
	Policy     []Statement
}

// AddRole adds a role, or replaces the one of that name, and returns its ARN.
func (s *Server) AddRole(r Role) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn := "arn:aws:iam::" + Account + ":role/" + r.Name
	s.roles[arn] = r
	return arn
}

// assumeRoleWithWebIdentity logs in by a token, without a signature.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (c *call) assumeRoleWithWebIdentity() (any, error) {
	form := c.form()
	if c.request.Header.Get("Authorization") != "" {
		return nil, refusal("InvalidAction", "this operation is not signed")
	}
	claims, err := c.verify(form.Get("WebIdentityToken"))
	if err != nil {
		return nil, err
	}
	role, there := c.server.roles[form.Get("RoleArn")]
	if !there || len(role.Conditions) == 0 || !role.trusts(claims) {
		return nil, notAuthorized("sts:AssumeRoleWithWebIdentity")
	}
	return c.begin(role)
}

func notAuthorized(action string) error {
	return &failure{http.StatusForbidden, "AccessDenied", "Not authorized to perform " + action}
}

// verify checks a token against the provider of its issuer.
func (c *call) verify(token string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		return nil, refusal("InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	issuer, _ := claims.GetIssuer() // "" is none that is known
	provider, there := c.server.providers[issuer]
	if !there {
		return nil, refusal("InvalidIdentityToken", "No OpenIDConnect provider found in your account for %s", issuer)
	}
	keys := jwt.VerificationKeySet{}
	for _, key := range provider.Keys {
		keys.Keys = append(keys.Keys, key)
	}
	_, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return keys, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(func() time.Time { return c.now }), jwt.WithExpirationRequired())
	audience, _ := claims.GetAudience() // none is none of the provider's
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, refusal("ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time", c.now.Unix())
	case err != nil:
		return nil, refusal("InvalidIdentityToken", "Couldn't verify the signature of the token")
	case !slices.ContainsFunc(audience, func(has string) bool { return slices.Contains(provider.ClientIDs, has) }):
		return nil, refusal("InvalidIdentityToken", "Incorrect token audience")
	}
	return claims, nil
}

// trusts reports whether the claims meet each condition.
func (r Role) trusts(claims jwt.MapClaims) bool {
	for name, wanted := range r.Conditions {
		has, _ := claims[name].(string) // what is no text meets no condition
		if !slices.ContainsFunc(wanted, func(pattern string) bool { return matches(pattern, has) }) {
			return false
		}
	}
	return true
}

// assumeRole logs in by a key's signature.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (c *call) assumeRole() (any, error) {
	form := c.form()
	role, there := c.server.roles[form.Get("RoleArn")]
	if !there || !slices.Contains(role.Trusts, c.who.id) || role.ExternalID != form.Get("ExternalId") {
		return nil, notAuthorized("sts:AssumeRole")
	}
	return c.begin(role)
}

// credentials are what a login brings.
type credentials struct {
	XMLName         struct{} `xml:"Credentials"`
	AccessKeyId     string   //nolint:revive,staticcheck // the element's name
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

// begin begins a session of an hour, or of as long as is asked for.
func (c *call) begin(role Role) (any, error) {
	form := c.form()
	if name := form.Get("RoleSessionName"); len(name) < 2 || len(name) > 64 {
		return nil, refusal("ValidationError", "1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint")
	}
	seconds := 3600
	if asked := form.Get("DurationSeconds"); asked != "" {
		var err error
		if seconds, err = strconv.Atoi(asked); err != nil || seconds < 900 {
			return nil, refusal("ValidationError", "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")
		}
	}
	k := &key{id: "TEMPORARY" + text(11), secret: text(40), token: text(200), expires: c.now.Add(time.Duration(seconds) * time.Second), policy: role.Policy}
	c.server.keys[k.id] = k
	return credentials{AccessKeyId: k.id, SecretAccessKey: k.secret, SessionToken: k.token, Expiration: k.expires.Format(time.RFC3339)}, nil
}
