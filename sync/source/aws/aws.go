// Package aws reads the secrets of AWS Secrets Manager.
//
// Secrets whose current version is wanted are read 20 a request
// (BatchGetSecretValue); a pinned version, a stage, and a single secret are
// read alone (GetSecretValue). What the API's pages do not say loudly is kept
// in mind here:
//
//   - A batch is answered with a list of values and a list of errors, in any
//     order and under names or ARNs, whichever was asked for; it may go on in a
//     further page. What it leaves out is asked for alone.
//   - An ARN may be another account's, whose secret may have the name of one of
//     this account: names and ARNs do not go into one batch.
//   - BatchGetSecretValue is a permission of its own, beside GetSecretValue on
//     each secret. Roles from before it came have only the latter: a batch that
//     is denied as a whole is no word on the secrets, which are then asked for
//     one by one.
//   - The date in a batch's answer is documented as the secret's, and the same
//     field of a single answer as the version's. Only the latter is believed.
//   - A secret that is marked for deletion is refused as an invalid request. It
//     is told as missing, with the day on which it goes for good.
//
// Credentials, addresses and the words of errors are those of package awsapi.
package aws

import (
	"context"
	"sync/atomic"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/store"
)

const (
	batchSize = 20 // https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
	batches   = 4  // at once
	parallel  = 8  // single secrets at once
)

// A Source reads secrets of one region. Its methods may be called from several
// goroutines.
type Source struct {
	session *awsapi.Session
	way     *awsapi.Connection
	api     api
	alone   atomic.Bool // batches are denied
}

// An api is those of the client's operations that are used. The client itself
// is kept in no structure: what could be found by reflection is linked, with all
// of its methods.
type api struct {
	get      func(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	batch    func(context.Context, *secretsmanager.BatchGetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.BatchGetSecretValueOutput, error)
	describe func(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
}

// New opens a source without a request. The address is the policy's, "" where
// it names none. The errors are store.ErrInvalid, and what the session's Allow
// says.
func New(ctx context.Context, session *awsapi.Session, address string) (*Source, error) {
	region := session.Region()
	resolved, err := secretsmanager.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, secretsmanager.EndpointParameters{
		Region: &region, UseFIPS: sdk.Bool(session.FIPS()), UseDualStack: sdk.Bool(session.DualStack()),
	})
	if err != nil {
		return nil, awsapi.NoEndpoint(region)
	}
	way, err := session.Connect(awsapi.Address{Service: secretsmanager.ServiceID, Policy: address, InPolicy: true, Public: resolved.URI.String()})
	if err != nil {
		return nil, err
	}
	client := secretsmanager.New(secretsmanager.Options{
		Region: region, BaseEndpoint: &way.Address, HTTPClient: way.HTTP, Credentials: session.Credentials(), Retryer: sdk.NopRetryer{},
	})
	operations := api{client.GetSecretValue, client.BatchGetSecretValue, client.DescribeSecret}
	return &Source{session: session, way: way, api: operations}, nil
}

// Read gives the field of each reference: a key of a secret that is a JSON
// object, as the console writes it, or a path of keys joined by dots, the exact
// key first; field "" is the whole secret, text or bytes. A path is a secret's
// name or ARN, whole or without the six characters at its end. A version is
// "previous", a version's id, or a staging label. Each secret is read once.
//
// The errors are ErrNotFound, for what is marked for deletion, too; ErrNoField;
// ErrDenied; ErrUnauthentic; ErrInvalid; ErrUnreadable for what AWS cannot
// decrypt; ErrThrottled; ErrMoved; and ErrUnavailable.
func (s *Source) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	r := &reader{Source: s, answers: map[string]answer{}}
	r.readBatches(ctx, refs)
	return store.ReadAtOnce(ctx, parallel, refs, func(path, version string) (store.Lookup, error) {
		return r.open(ctx, path, version)
	})
}

// Requests counts what Secrets Manager was asked, repeated requests included.
func (s *Source) Requests() int { return s.way.Requests() }
