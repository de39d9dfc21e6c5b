package azure

import (
	"context"
	"errors"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// clientOptions are those of every client of Azure's: it neither repeats, nor
// waits, nor follows a redirect, nor tells who built it.
func clientOptions(next http.RoundTripper) azcore.ClientOptions {
	return azcore.ClientOptions{
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
		Transport: &http.Client{
			Transport:     next,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// newClient makes the client for the vault. That the challenge names the domain
// of the vault's own host is checked by the client, too, wherever there is one.
func (s *Source) newClient() (*azsecrets.Client, error) {
	client, err := azsecrets.NewClient(s.options.Address, s.login, &azsecrets.ClientOptions{
		ClientOptions:                        clientOptions(challenged{cloud: s.cloud, authority: s.login.authority, next: s.transport}),
		DisableChallengeResourceVerification: s.cloud.local,
	})
	if err != nil {
		return nil, invalid("Azure's client refuses to be set up like this", "")
	}
	return client, nil
}

// silent takes away what AZURE_SDK_GO_LOGGING has turned on: it would print
// requests and answers.
func silent() { log.SetListener(nil) }

// A request is what an error about it says.
type request struct {
	op, ref string
	list    bool // of versions, for which there is a permission of its own
}

// call has one request made. The first goes alone: it is the one that is
// challenged, and logs in. What failed then is not tried again, since each
// secret would make the same mistake.
func (s *Source) call(ctx context.Context, r request, do func(context.Context) error) error {
	if err := s.enter(ctx, r, do); !errors.Is(err, errEntered) {
		return err
	}
	ctx, said := listening(ctx)
	return s.explain(r, do(ctx), said)
}

// errEntered says that somebody else has logged in.
var errEntered = errors.New("logged in")

func (s *Source) enter(ctx context.Context, r request, do func(context.Context) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return rest.Failure(r.op, r.ref, nil, ctx.Err())
	case s.failed != nil:
		return rest.Failure(r.op, r.ref, nil, s.failed)
	case s.entered:
		return errEntered
	}
	heard, said := listening(ctx)
	err := s.explain(r, do(heard), said)
	if s.entered = s.login.done(); !s.entered && err != nil && ctx.Err() == nil {
		s.failed = err
	}
	return err
}

// unreadable is the error for an answer that makes no sense.
func (r request) unreadable() error {
	return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read"}
}
