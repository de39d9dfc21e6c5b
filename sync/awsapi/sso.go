package awsapi

import (
	"context"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// fromSSO takes the token that aws sso login left behind, and asks IAM Identity
// Center for credentials with it.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
func (s *Session) fromSSO(ctx context.Context, c *config.SharedConfig) (aws.CredentialsProvider, error) {
	region, session := c.SSORegion, c.SSOStartURL
	if c.SSOSession != nil {
		region, session = c.SSOSession.SSORegion, c.SSOSession.Name
	}
	if c.SSOAccountID == "" || c.SSORoleName == "" || !isRegion.MatchString(region) {
		return nil, unauthentic("the profile's sso_… settings are not complete", "aws configure sso writes them: sso_account_id, sso_role_name, sso_region")
	}
	file, err := s.ssoToken(session)
	if err != nil {
		return nil, err
	}
	portal, err := sso.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sso.EndpointParameters{Region: &region, UseFIPS: aws.Bool(s.FIPS()), UseDualStack: aws.Bool(s.DualStack())})
	if err != nil {
		return nil, NoEndpoint(region)
	}
	way, err := s.Connect(Address{Service: sso.ServiceID, Public: portal.URI.String()})
	if err != nil {
		return nil, err
	}
	client := sso.New(sso.Options{Region: region, BaseEndpoint: &way.Address, HTTPClient: way.HTTP, Retryer: aws.NopRetryer{}})
	var refresh *ssocreds.SSOTokenProvider
	if c.SSOSession != nil {
		if refresh, err = s.ssoRefresh(ctx, region, file); err != nil {
			return nil, err
		}
	}
	provider := ssocreds.New(client, c.SSOAccountID, c.SSORoleName, c.SSOStartURL, func(o *ssocreds.Options) {
		o.CachedTokenFilepath, o.SSOTokenProvider = file, refresh
	})
	return explained(provider, "IAM Identity Center", "the session of aws sso login has run out, or was never begun", "aws sso login"), nil
}

// ssoRefresh renews the token, as AWS's own tools do, and leaves the new one
// where it found the old one.
func (s *Session) ssoRefresh(ctx context.Context, region, file string) (*ssocreds.SSOTokenProvider, error) {
	resolved, err := ssooidc.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, ssooidc.EndpointParameters{Region: &region, UseFIPS: aws.Bool(s.FIPS()), UseDualStack: aws.Bool(s.DualStack())})
	if err != nil {
		return nil, NoEndpoint(region)
	}
	a := Address{Service: ssooidc.ServiceID, Public: resolved.URI.String()}
	a.Variable, a.Configured = s.configured(a.Service)
	way, err := s.connect(a, rest.Options{}) // a token is renewed once: no query
	if err != nil {
		return nil, err
	}
	client := ssooidc.New(ssooidc.Options{Region: region, BaseEndpoint: &way.Address, HTTPClient: way.HTTP, Retryer: aws.NopRetryer{}})
	return ssocreds.NewSSOTokenProvider(client, file), nil
}

// ssoToken is the file that aws sso login leaves a session's token in. The SDK
// knows its name, and here its home is.
func (s *Session) ssoToken(session string) (string, error) {
	name, err := ssocreds.StandardCachedTokenFilepath(session)
	if err != nil || s.home() == "" {
		return "", &store.Error{Op: opLogin, Ref: "IAM Identity Center", Kind: store.ErrUnauthentic, Detail: "there is no home folder, which aws sso login leaves its token in", Hint: "set HOME"}
	}
	return filepath.Join(s.home(), ".aws", "sso", "cache", filepath.Base(name)), nil
}
