// Package awsapi is what the sources on AWS have in common: who asks (the
// credentials), where (region and address), over what (the one transport), and
// what an error of these APIs means to a user.
//
// The requests and their signatures (Signature Version 4) are those of AWS's
// own SDK. Its chain of credentials is put together here from the SDK's parts,
// in the SDK's order, and not by its config.LoadDefaultConfig:
//
//   - That one reads the process's environment. Here everything comes from
//     [Options], so that who runs keyplumb says what it sees, and one process
//     can hold several environments.
//   - Every service that the chain may ask (STS, IAM Identity Center, a
//     container's or a machine's metadata) is reached over a [rest.Transport]
//     of its own, bound to that service's host. A client that gets another
//     address, or a redirect, is refused below the SDK.
//   - Where an address does not come from the SDK's own table of endpoints, but
//     from a variable or a file, [Options].Allow has the word on it.
//
// The SDK's retries, redirects and logging are off: the transport has what is
// wanted of them. Two of its files look at the process's environment all the
// same, at AWS_EXECUTION_ENV and Lambda's trace id, for a header each.
//
// A [Session] logs in once, when the first request is signed, and again only
// when what it got has run out. A login that failed is not tried again: each
// secret would make the same mistake.
package awsapi

import (
	"context"
	"crypto/tls"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Options say who asks, and from where.
type Options struct {
	Region  string   // the policy's; "" is the environment's, else the profile's
	Auth    Auth     // the zero value is the default chain
	Environ []string // NAME=value; of equal names the last one counts
	Dir     string   // what relative names of files in the environment are relative to

	// Allow gives the address to use of those that are there, or refuses them.
	Allow func(Address) (string, error)

	UserAgent string
	TLS       *tls.Config       // roots, for a network that looks into TLS
	Notify    func(rest.Wait)   // told of each pause
	Next      http.RoundTripper // what sends the requests; nil: connection pools
}

// Auth says how a job logs in with its own token: by AssumeRoleWithWebIdentity.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
type Auth struct {
	Role        string // the role's ARN
	Audience    string // "" is sts.amazonaws.com
	SessionName string // what CloudTrail shows, [\w+=,.@-]{2,64}

	// Identity gives the token by which the job proves who it is. nil: the
	// default chain is used, and the rest of Auth is not.
	Identity func(ctx context.Context, audience string) (secret.Value, error)
}

// A Session is a region and the credentials for it. Its methods may be called
// from several goroutines.
type Session struct {
	options     Options
	env         environment
	profile     config.SharedConfig
	region      string
	credentials aws.CredentialsProvider
}

// Open reads the environment and the user's files, and makes no request. The
// errors are store.ErrInvalid, ErrUnreadable for files of AWS's that are
// malformed, and ErrUnauthentic where it can be seen that there is nothing to
// log in with.
func Open(ctx context.Context, o Options) (*Session, error) {
	s := &Session{options: o, env: newEnvironment(o.Environ)}
	var err error
	if s.profile, err = s.loadProfile(ctx); err != nil {
		return nil, err
	}
	if s.region, err = s.findRegion(); err != nil {
		return nil, err
	}
	provider, err := s.chooseProvider(ctx)
	if err != nil {
		return nil, err
	}
	s.credentials = cached(provider)
	return s, nil
}

// Region is the region that the session is for.
func (s *Session) Region() string { return s.region }

// Credentials sign the requests of the sources.
func (s *Session) Credentials() aws.CredentialsProvider { return s.credentials }

// Partition is the part of AWS that the region lies in, as ARNs have it.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func (s *Session) Partition() string {
	switch {
	case strings.HasPrefix(s.region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(s.region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(s.region, "eusc-"):
		return "aws-eusc"
	}
	return "aws"
}

// isRegion is strict, since a region becomes a part of a host's name.
var isRegion = regexp.MustCompile(`^[a-z]{2,}(-[a-z0-9]+)+$`)

// findRegion chooses as AWS's own tools do: what is said here, the variables,
// the profile.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
func (s *Session) findRegion() (string, error) {
	for _, from := range []struct{ name, region string }{
		{"the policy's region", s.options.Region},
		{"AWS_REGION", s.env["AWS_REGION"]},
		{"AWS_DEFAULT_REGION", s.env["AWS_DEFAULT_REGION"]},
		{"the profile's region", s.profile.Region},
	} {
		switch {
		case from.region == "":
		case len(from.region) > 63 || !isRegion.MatchString(from.region):
			return "", &store.Error{Op: "open", Ref: "AWS", Kind: store.ErrInvalid, Detail: from.name + " is none", Hint: "write it like eu-central-1"}
		default:
			return from.region, nil
		}
	}
	return "", &store.Error{Op: "open", Ref: "AWS", Kind: store.ErrInvalid, Detail: "there is no region",
		Hint: "name it in the policy (region: \"eu-central-1\"), or set AWS_REGION"}
}
