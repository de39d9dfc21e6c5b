package awsapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/keyplumb/keyplumb/sync/store"
)

// chooseProvider says who gives the credentials: the job's own token, or else
// the first link of the chain that is there.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
func (s *Session) chooseProvider(ctx context.Context) (aws.CredentialsProvider, error) {
	if s.options.Auth.Identity != nil {
		return s.jobProvider(ctx)
	}
	id, key := s.env.first("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), s.env.first("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")
	switch {
	case id != "" && key != "":
		return credentials.NewStaticCredentialsProvider(id, key, s.env["AWS_SESSION_TOKEN"]), nil
	case id != "" || key != "":
		return nil, unauthentic("one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set, and the other is not", "set both, or none")
	case s.env["AWS_WEB_IDENTITY_TOKEN_FILE"] != "":
		return s.fileProvider(ctx, s.env["AWS_WEB_IDENTITY_TOKEN_FILE"], s.env["AWS_ROLE_ARN"], s.env["AWS_ROLE_SESSION_NAME"])
	}
	return s.fromProfile(ctx, &s.profile)
}

// fromProfile follows a profile to where its credentials come from, and into
// the role that it assumes with them.
func (s *Session) fromProfile(ctx context.Context, c *config.SharedConfig) (provider aws.CredentialsProvider, err error) {
	switch {
	case c.Source != nil:
		provider, err = s.fromProfile(ctx, c.Source)
	case c.Credentials.HasKeys():
		provider = credentials.StaticCredentialsProvider{Value: c.Credentials}
	case c.CredentialSource != "":
		provider, err = s.fromNamed(c.CredentialSource)
	case c.WebIdentityTokenFile != "":
		return s.fileProvider(ctx, c.WebIdentityTokenFile, c.RoleARN, c.RoleSessionName)
	case c.SSOSession != nil || c.SSOStartURL != "":
		provider, err = s.fromSSO(ctx, c)
	case c.LoginSession != "":
		return nil, unauthentic("the profile is one of aws login, which keyplumb does not follow", "eval \"$(aws configure export-credentials --format env)\" hands its credentials on")
	case c.CredentialProcess != "":
		provider = s.fromProcess(c.CredentialProcess)
	case s.inContainer():
		provider, err = s.fromContainer()
	default:
		provider, err = s.fromMachine()
	}
	if err != nil || c.RoleARN == "" {
		return provider, err
	}
	return s.assuming(ctx, c, provider)
}

// fromNamed follows credential_source.
func (s *Session) fromNamed(source string) (aws.CredentialsProvider, error) {
	switch source {
	case "Environment":
		id, key := s.env.first("AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"), s.env.first("AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY")
		if id == "" || key == "" {
			return nil, unauthentic("the profile takes its credentials from the environment, which has none", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
		}
		return credentials.NewStaticCredentialsProvider(id, key, s.env["AWS_SESSION_TOKEN"]), nil
	case "EcsContainer":
		if !s.inContainer() {
			return nil, unauthentic("the profile takes its credentials from the container, and this is none", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, which says where they are, is not set")
		}
		return s.fromContainer()
	case "Ec2InstanceMetadata":
		return s.fromMachine()
	}
	return nil, unauthentic("the profile's credential_source is not known", "it is Environment, EcsContainer or Ec2InstanceMetadata")
}

// opLogin is what every error of a login says was being done.
const opLogin = "log in"

func unauthentic(detail, hint string) error {
	return &store.Error{Op: opLogin, Ref: "AWS", Kind: store.ErrUnauthentic, Detail: detail, Hint: hint}
}

// early is how long before their end credentials are not used any more.
const early = time.Minute

// cached keeps credentials for as long as they are good.
func cached(provider aws.CredentialsProvider) aws.CredentialsProvider {
	return aws.NewCredentialsCache(&once{provider: provider}, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = early })
}

// A once does not try again what failed, unless the caller gave up on it. Its
// errors are credentialErrors. A panic becomes one, too: the SDK logs in in a
// goroutine of its own, whose panic would end the process and print what it was
// made with, which may be a token.
type once struct {
	provider aws.CredentialsProvider
	mu       sync.Mutex
	failed   error
}

// Retrieve gives the credentials, as aws.CredentialsProvider has it.
func (o *once) Retrieve(ctx context.Context) (got aws.Credentials, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer func() {
		if recover() != nil {
			o.failed = &credentialError{&store.Error{Op: opLogin, Ref: "AWS", Kind: store.ErrUnavailable, Detail: "keyplumb has a defect", Hint: "please report it"}}
			got, err = aws.Credentials{}, o.failed
		}
	}()
	if o.failed != nil {
		return aws.Credentials{}, o.failed
	}
	if got, err = o.provider.Retrieve(ctx); err == nil {
		return got, nil
	}
	if ctx.Err() != nil {
		return aws.Credentials{}, ctx.Err()
	}
	failed := &credentialError{err}
	if _, told := errors.AsType[*store.Error](err); !told {
		failed.err = unauthentic("the credentials cannot be had", "look at what aws sts get-caller-identity says")
	}
	o.failed = failed
	return aws.Credentials{}, failed
}
