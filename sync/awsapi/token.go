package awsapi

import (
	"context"
	"errors"
	"net/http"
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

// A tokenFor gives the token to log in with.
type tokenFor func(context.Context) (secret.Value, error)

// jobProvider logs in with the token of the CI job.
func (s *Session) jobProvider(ctx context.Context) (aws.CredentialsProvider, error) {
	a := s.options.Auth
	whom := a.Audience
	if whom == "" {
		whom = audience
	}
	return s.webIdentity(ctx, a.Role, a.SessionName, func(ctx context.Context) (secret.Value, error) { return a.Identity(ctx, whom) })
}

// fileProvider logs in with the token in a file: that of a pod on EKS.
func (s *Session) fileProvider(ctx context.Context, name, role, session string) (aws.CredentialsProvider, error) {
	if role == "" {
		return nil, unauthentic("there is a file with a token to log in with, and no role", "set AWS_ROLE_ARN, too")
	}
	return s.webIdentity(ctx, role, session, func(context.Context) (secret.Value, error) {
		token, err := os.ReadFile(s.file(name))
		if err != nil {
			return secret.Value{}, unauthentic("the file with the token to log in with cannot be read", "look at AWS_WEB_IDENTITY_TOKEN_FILE, or web_identity_token_file of the profile")
		}
		return secret.New([]byte(strings.TrimSpace(string(token)))), nil
	})
}

// webIdentity exchanges a token for credentials, without a signature: the token
// is the proof.
func (s *Session) webIdentity(ctx context.Context, role, session string, token tokenFor) (aws.CredentialsProvider, error) {
	if !strings.HasPrefix(role, "arn:") {
		return nil, &store.Error{Op: opLogin, Ref: role, Kind: store.ErrInvalid, Detail: "the role is no ARN", Hint: "write it like arn:aws:iam::123456789012:role/ci-prod"}
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
			RoleArn: &role, RoleSessionName: aws.String(sessionName(session)), WebIdentityToken: aws.String(string(proof.Reveal())),
		})
		if err != nil {
			return aws.Credentials{}, explainLogin(role, err)
		}
		return minted(role, got.Credentials)
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
	in := &sts.AssumeRoleInput{RoleArn: &c.RoleARN, RoleSessionName: aws.String(sessionName(c.RoleSessionName))}
	if c.ExternalID != "" {
		in.ExternalId = &c.ExternalID
	}
	if c.RoleDurationSeconds != nil {
		in.DurationSeconds = aws.Int32(int32(c.RoleDurationSeconds.Seconds()))
	}
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		got, err := client.AssumeRole(ctx, in)
		if err != nil {
			return aws.Credentials{}, explainLogin(c.RoleARN, err)
		}
		return minted(c.RoleARN, got.Credentials)
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

// sessionName is what CloudTrail shows of a login.
func sessionName(wanted string) string {
	if wanted == "" {
		return "keyplumb"
	}
	return wanted
}

// minted reads the credentials that a login brought.
func minted(role string, c *types.Credentials) (aws.Credentials, error) {
	if c == nil || aws.ToString(c.AccessKeyId) == "" || aws.ToString(c.SecretAccessKey) == "" || c.Expiration == nil {
		return aws.Credentials{}, &store.Error{Op: opLogin, Ref: role, Kind: store.ErrUnavailable, Detail: "the answer could not be read"}
	}
	return aws.Credentials{
		AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: aws.ToString(c.SessionToken),
		CanExpire: true, Expires: *c.Expiration,
	}, nil
}

// explainLogin tells why nobody was let in.
func explainLogin(role string, err error) error {
	told, failed := Failure(opLogin, role, err)
	e, ok := errors.AsType[*store.Error](failed)
	if !ok {
		return failed
	}
	const trust = "compare the role's trust policy with this job: its Federated provider, and the conditions on aud and sub (on GitHub repo:OWNER/NAME:environment:NAME or …:ref:refs/heads/NAME, on GitLab project_path:GROUP/NAME:ref_type:branch:ref:NAME)"
	switch {
	case told.Code == "AccessDenied" || told.Code == "AccessDeniedException":
		e.Kind, e.Detail, e.Hint = store.ErrUnauthentic, "there is no such role, or it does not trust who asks", trust
	case told.Code == "InvalidIdentityToken" && strings.Contains(told.Message, "audience"):
		e.Kind, e.Detail = store.ErrUnauthentic, "the job's token is made for another audience than the account's identity provider takes"
		e.Hint = "add the audience to the identity provider in IAM, or name the provider's in the policy: auth: audience"
	case told.Code == "InvalidIdentityToken" && strings.Contains(told.Message, "provider found"):
		e.Kind, e.Detail = store.ErrUnauthentic, "the account has no identity provider for the issuer of the job's token"
		e.Hint = "make one: aws iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com (GitLab: the instance's address) --client-id-list sts.amazonaws.com"
	case told.Code == "InvalidIdentityToken" || told.Code == "IDPRejectedClaim":
		e.Kind, e.Detail, e.Hint = store.ErrUnauthentic, "AWS does not accept the job's token", trust
	case told.Code == "ExpiredTokenException" && e.Status == http.StatusBadRequest:
		e.Kind, e.Detail = store.ErrUnauthentic, "the job's token has run out"
		e.Hint = "a GitLab token lasts as long as the job's timeout, or 5 minutes: run keyplumb earlier in the job"
	case told.Code == "IDPCommunicationError":
		e.Kind, e.Detail, e.Hint = store.ErrUnavailable, "AWS does not reach the identity provider that signed the job's token", "AWS must be able to read its keys over the internet"
	case told.Code == "ValidationError":
		e.Kind, e.Detail, e.Hint = store.ErrInvalid, "the role's ARN, or the session's name, is malformed", "write the role like arn:aws:iam::123456789012:role/ci-prod"
	}
	return e
}
