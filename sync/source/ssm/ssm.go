// Package ssm reads the parameters of AWS Systems Manager's Parameter Store:
// SecureString, decrypted, and the kinds that are not encrypted.
//
// Parameters are read 10 a request (GetParameters), with a version or a label
// after the name where one is wanted. What the API's pages do not say loudly is
// kept in mind here:
//
//   - Parameters that are not there are listed in a success. One that the role
//     may not read, and one that cannot be decrypted, refuse the whole request,
//     and the others with it: then each is asked for alone, so that the right one
//     is named.
//   - An answer names a parameter and its selector apart. So that it is never in
//     doubt which of two versions an answer is, no two of one parameter go into
//     one request.
//   - A parameter that is deleted and made again begins at version 1. The version
//     that is told further has the date in it, too.
//   - "The previous version" is a number, which hangs on the current one: it takes
//     a second round.
//
// Credentials, addresses and the words of errors are those of package awsapi.
package ssm

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

const (
	batchSize = 10 // https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
	parallel  = 4  // requests at once: 40 transactions a second are an account's quota
)

// A Source reads parameters of one region. Its methods may be called from
// several goroutines.
type Source struct {
	session *awsapi.Session
	way     *awsapi.Connection
	api     api
}

// An api is those of the client's 150 operations that are used. The client
// itself is kept in no structure: what could be found by reflection is linked,
// with all of its methods.
type api struct {
	get      func(context.Context, *ssm.GetParametersInput, ...func(*ssm.Options)) (*ssm.GetParametersOutput, error)
	describe func(context.Context, *ssm.DescribeParametersInput, ...func(*ssm.Options)) (*ssm.DescribeParametersOutput, error)
	tags     func(context.Context, *ssm.ListTagsForResourceInput, ...func(*ssm.Options)) (*ssm.ListTagsForResourceOutput, error)
}

// New opens a source without a request. The address is the policy's, "" where
// it names none. The errors are store.ErrInvalid, and what the session's Allow
// says.
func New(ctx context.Context, session *awsapi.Session, address string) (*Source, error) {
	region := session.Region()
	resolved, err := ssm.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, ssm.EndpointParameters{
		Region: &region, UseFIPS: aws.Bool(session.FIPS()), UseDualStack: aws.Bool(session.DualStack()),
	})
	if err != nil {
		return nil, awsapi.NoEndpoint(region)
	}
	way, err := session.Connect(awsapi.Address{Service: ssm.ServiceID, Policy: address, InPolicy: true, Public: resolved.URI.String()})
	if err != nil {
		return nil, err
	}
	client := ssm.New(ssm.Options{
		Region: region, BaseEndpoint: &way.Address, HTTPClient: way.HTTP, Credentials: session.Credentials(), Retryer: aws.NopRetryer{},
	})
	return &Source{session: session, way: way, api: api{client.GetParameters, client.DescribeParameters, client.ListTagsForResource}}, nil
}

// Read gives the field of each reference: "" is the parameter's whole value, a
// name that of a key where the value is a JSON object. A path is a parameter's
// name or ARN. A version is a number, a label, or "previous". Each version of a
// parameter is read once.
//
// The errors are ErrNotFound; ErrNoField; ErrDenied; ErrUnauthentic; ErrInvalid;
// ErrUnreadable for what AWS cannot decrypt; ErrThrottled; ErrMoved; and
// ErrUnavailable.
func (s *Source) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	r := &reader{Source: s, answers: map[selection]answer{}}
	r.readAll(ctx, refs)
	return store.ReadByPath(ctx, refs, r.open)
}

// Requests counts what Parameter Store was asked, repeated requests included.
func (s *Source) Requests() int { return s.way.Requests() }
