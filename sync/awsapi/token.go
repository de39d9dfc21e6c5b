package awsapi

import (
	"cmp"
	"context"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// audience is whom a job's token is made for where nothing else is said.
const audience = "sts.amazonaws.com"

// profilesRole stands for a role that the user's own files name, in errors.
const profilesRole = "as the profile's role"

// usualName is what CloudTrail shows of a login that has no other name.
const usualName = "keyplumb"

// A tokenFor gives the token to log in with.
type tokenFor func(context.Context) (secret.Value, error)

// jobProvider logs in with the token of the CI job.
func (s *Session) jobProvider(ctx context.Context) (aws.CredentialsProvider, error) {
	a := s.options.Auth
	whom := cmp.Or(a.Audience, audience)
	return s.webIdentity(ctx, a.Role, a.Role, a.SessionName, func(ctx context.Context) (secret.Value, error) { return a.Identity(ctx, whom) })
}

// fileProvider logs in with the token in a file: that of a pod on EKS.
func (s *Session) fileProvider(ctx context.Context, name, role, session string) (aws.CredentialsProvider, error) {
	if role == "" {
		return nil, unauthentic("there is a file with a token to log in with, and no role", "set AWS_ROLE_ARN, too")
	}
	return s.webIdentity(ctx, role, "with a file's token", session, func(context.Context) (secret.Value, error) {
		token, err := os.ReadFile(s.file(name))
		if err != nil {
			return secret.Value{}, unauthentic("the file with the token to log in with cannot be read", "look at AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file of the profile")
		}
		return secret.New([]byte(strings.TrimSpace(string(token)))), nil
	})
}

// webIdentity exchanges a token for credentials, without a signature: the token
// is the proof. Errors are about ref: a role that a variable names may be
// anything, and is not shown.
func (s *Session) webIdentity(ctx context.Context, role, ref, session string, token tokenFor) (aws.CredentialsProvider, error) {
	if !strings.HasPrefix(role, "arn:") {
		return nil, &store.Error{Op: opLogin, Ref: ref, Kind: store.ErrInvalid, Detail: "the role is no ARN", Hint: "write it like arn:aws:iam::123456789012:role/ci-prod"}
	}
	client, err := s.sts(ctx, aws.AnonymousCredentials{})
	if err != nil {
		return nil, err
	}
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		proof, err := token(ctx)
		if err != nil {
			return aws.Credentials{}, err
		}
		got, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &role, RoleSessionName: aws.String(cmp.Or(session, usualName)), WebIdentityToken: aws.String(string(proof.Reveal())),
		})
		if err != nil {
			return aws.Credentials{}, explainLogin(ref, err)
		}
		return minted(ref, got.Credentials)
	}), nil
}

// assuming exchanges a profile's credentials for those of the role that it
// names.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (s *Session) assuming(ctx context.Context, c *config.SharedConfig, source aws.CredentialsProvider) (aws.CredentialsProvider, error) {
	if c.MFASerial != "" {
		return nil, unauthentic("the profile's role wants a second factor, which keyplumb does not ask for", "eval \"$(aws configure export-credentials --format env)\" asks for it, and hands the credentials on")
	}
	client, err := s.sts(ctx, cached(source))
	if err != nil {
		return nil, err
	}
	in := &sts.AssumeRoleInput{RoleArn: &c.RoleARN, RoleSessionName: aws.String(cmp.Or(c.RoleSessionName, usualName))}
	if c.ExternalID != "" {
		in.ExternalId = &c.ExternalID
	}
	if c.RoleDurationSeconds != nil {
		in.DurationSeconds = aws.Int32(int32(c.RoleDurationSeconds.Seconds()))
	}
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		got, err := client.AssumeRole(ctx, in)
		if err != nil {
			return aws.Credentials{}, explainAssuming(err)
		}
		return minted(profilesRole, got.Credentials)
	}), nil
}

// sts makes a client of the Security Token Service of the session's region.
func (s *Session) sts(ctx context.Context, signer aws.CredentialsProvider) (*sts.Client, error) {
	resolved, err := sts.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, sts.EndpointParameters{
		Region: &s.region, UseFIPS: aws.Bool(s.FIPS()), UseDualStack: aws.Bool(s.DualStack()), UseGlobalEndpoint: aws.Bool(false),
	})
	if err != nil {
		return nil, NoEndpoint(s.region)
	}
	way, err := s.Connect(Address{Service: sts.ServiceID, Public: resolved.URI.String()})
	if err != nil {
		return nil, err
	}
	return sts.New(sts.Options{Region: s.region, BaseEndpoint: &way.Address, HTTPClient: way.HTTP, Credentials: signer, Retryer: aws.NopRetryer{}}), nil
}

// NoEndpoint is the error where the SDK's table has no endpoint of a service.
func NoEndpoint(region string) error {
	return &store.Error{Op: "open", Ref: region, Kind: store.ErrInvalid, Detail: "AWS's own table of endpoints has none like this there",
		Hint: "look at the region, and at AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT"}
}

// minted reads the credentials that a login brought.
func minted(ref string, c *types.Credentials) (aws.Credentials, error) {
	if c == nil || aws.ToString(c.AccessKeyId) == "" || aws.ToString(c.SecretAccessKey) == "" || c.Expiration == nil {
		return aws.Credentials{}, &store.Error{Op: opLogin, Ref: ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read", Hint: hintAddress}
	}
	return aws.Credentials{
		AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: aws.ToString(c.SessionToken),
		CanExpire: true, Expires: *c.Expiration,
	}, nil
}
