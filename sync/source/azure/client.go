package azure

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"sync"

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
// requests and answers. It is done once, and before any client is made.
var silent = sync.OnceFunc(func() { log.SetListener(nil) }) //nolint:forbidigo // it turns a log off

// A request is what an error about it says.
type request struct {
	op, ref string
	list    bool // of versions, for which there is a permission of its own
}

// call has one request made. The first goes alone: it is the one that is
// challenged, and logs in. What failed then is not tried again, and is told in
// the same words of each secret, since each would make the same mistake.
func (s *Source) call(ctx context.Context, r request, do func(context.Context) error) error {
	entered, err := s.enter(ctx, r, do)
	if !entered {
		return err
	}
	ctx, said := listening(ctx)
	return s.explain(r, do(ctx), said)
}

// enter has the first request made; entered says that it was made before.
func (s *Source) enter(ctx context.Context, r request, do func(context.Context) error) (entered bool, err error) {
	select {
	case s.gate <- struct{}{}:
		defer func() { <-s.gate }()
	case <-ctx.Done():
	}
	switch {
	case ctx.Err() != nil:
		return false, rest.Failure(r.op, r.ref, nil, ctx.Err())
	case s.failed != nil:
		return false, s.failed
	case s.entered:
		return true, nil
	}
	heard, said := listening(ctx)
	err = s.explain(r, do(heard), said)
	had, failed := s.login.outcome()
	switch {
	case err == nil || had:
		s.entered = true
	case failed != nil:
		s.failed = failed
	case ctx.Err() == nil:
		s.failed = s.shut(err)
	}
	return false, cmp.Or(s.failed, err)
}

// shut makes what kept the first request out one error of the vault, not of the
// secret that happened to be the first.
func (s *Source) shut(err error) error {
	e, ok := errors.AsType[*store.Error](err)
	if !ok || e.Op == loggingIn {
		return err
	}
	all := *e
	all.Op, all.Ref = "open", s.host
	if errors.Is(e, store.ErrNotFound) || errors.Is(e, store.ErrDenied) || errors.Is(e, store.ErrInvalid) {
		all.Kind, all.Detail, all.Hint = store.ErrUnavailable, "the server does not ask for a token", "is the address in the policy that of a Key Vault?"
	}
	return &all
}

// loggingIn is what an error was about that is of no one secret.
const loggingIn = "log in"

// unreadable is the error for an answer that makes no sense.
func (r request) unreadable() error {
	return &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrUnavailable, Detail: "the answer could not be read", Hint: "is there a proxy between this machine and the vault? run keyplumb again"}
}
