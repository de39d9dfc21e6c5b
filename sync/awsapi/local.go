package awsapi

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// The addresses at which AWS tells what runs there who it is. No router passes
// them on.
const (
	ecsAddress  = "http://169.254.170.2"  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
	eksAddress  = "http://169.254.170.23" // https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
	eksAddress6 = "http://[fd00:ec2::23]"
	ec2Address  = "http://169.254.169.254" // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
	ec2Address6 = "http://[fd00:ec2::254]"

	relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	full     = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	metadata = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
)

func (s *Session) inContainer() bool { return s.env.first(relative, full) != "" }

// nearby opens the way to a metadata service, which is there at once or not at
// all.
func (s *Session) nearby(service, variable, configured string, usual ...string) (*Connection, error) {
	public := usual[0]
	for _, address := range usual {
		if origin(address) == origin(configured) {
			public = address
		}
	}
	return s.connect(Address{Service: service, Variable: variable, Configured: configured, Public: public},
		rest.Options{Metadata: true, Queries: true, Attempt: 2 * time.Second, Attempts: 2})
}

// origin gives an address without its path.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// fromContainer asks the service of a container on ECS, or of a pod on EKS.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
func (s *Session) fromContainer() (aws.CredentialsProvider, error) {
	variable, address := full, s.env[full]
	if path := s.env[relative]; path != "" {
		if !strings.HasPrefix(path, "/") {
			return nil, unauthentic(relative+" is no path", "it is set by ECS; leave it as it was")
		}
		variable, address = relative, ecsAddress+path
	}
	way, err := s.nearby("container credentials", variable, origin(address), ecsAddress, eksAddress, eksAddress6)
	if err != nil {
		return nil, err
	}
	provider := aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		token, err := s.containerToken()
		if err != nil {
			return aws.Credentials{}, err
		}
		return endpointcreds.New(address, func(o *endpointcreds.Options) {
			o.HTTPClient, o.Retryer, o.AuthorizationToken = way.HTTP, aws.NopRetryer{}, token
		}).Retrieve(ctx)
	})
	return explained(provider, "container credentials", "the container's service gives no credentials", "has the task, or the pod's service account, a role?"), nil
}

// containerToken is what the container proves itself with, where it has to.
func (s *Session) containerToken() (string, error) {
	name := s.env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
	if name == "" {
		return s.env["AWS_CONTAINER_AUTHORIZATION_TOKEN"], nil
	}
	token, err := os.ReadFile(s.file(name))
	if err != nil {
		return "", unauthentic("the file with the container's token cannot be read", "look at AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
	}
	return strings.TrimSpace(string(token)), nil
}

// fromMachine asks the service of a machine on EC2, the last link of the chain.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
func (s *Session) fromMachine() (aws.CredentialsProvider, error) {
	nothing := unauthentic("there are no credentials", "let the job log in (auth: {role: \"arn:…\"}); or log in yourself (aws sso login, AWS_PROFILE), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	if s.env.is("AWS_EC2_METADATA_DISABLED") {
		return nil, nothing
	}
	configured, variable := s.env[metadata], metadata
	if configured == "" && s.profile.EC2IMDSEndpoint != "" {
		configured, variable = s.profile.EC2IMDSEndpoint, "ec2_metadata_service_endpoint of the AWS profile"
	}
	if configured == "" && (strings.EqualFold(s.env["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"], "IPv6") || s.profile.EC2IMDSEndpointMode == imds.EndpointModeStateIPv6) {
		configured = ec2Address6
	}
	way, err := s.nearby("EC2 metadata", variable, configured, ec2Address, ec2Address6)
	if err != nil {
		return nil, err
	}
	client := imds.New(imds.Options{
		Endpoint: way.Address, HTTPClient: way.HTTP, Retryer: aws.NopRetryer{}, ClientEnableState: imds.ClientEnabled, EnableFallback: aws.FalseTernary,
	})
	provider := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = client })
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		got, err := provider.Retrieve(ctx)
		if err != nil {
			return aws.Credentials{}, nothing
		}
		return got, nil
	}), nil
}

// explained says in keyplumb's words why a provider gave nothing: the service
// was not reached or failed, or it, or what lies on this machine, says no.
func explained(provider aws.CredentialsProvider, ref, detail, hint string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		got, err := provider.Retrieve(ctx)
		if err == nil {
			return got, nil
		}
		way, onTheWay := errors.AsType[*store.Error](err)
		if onTheWay && way.Op == opLogin {
			return aws.Credentials{}, way
		}
		_, failed := Failure(opLogin, ref, err)
		e, ok := errors.AsType[*store.Error](failed)
		if ok && !onTheWay && e.Status < 500 {
			e.Kind, e.Detail, e.Hint = store.ErrUnauthentic, detail, hint
		}
		return aws.Credentials{}, failed
	})
}
