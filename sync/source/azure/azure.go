// Package azure reads the secrets of Azure Key Vault.
//
// The calls go through Azure's own clients, azsecrets and azidentity. Their
// repetitions, redirects and logs are off, since the transport below has what
// is wanted of them, and they get no connection of their own: each host that is
// asked has a transport that is bound to it, and to any other host goes nothing.
//
// What Key Vault and Entra do is kept in mind here:
//
//   - A token is made for all vaults of its cloud, not for one: whoever gets it
//     opens whatever its identity may open. So the vault's address is as
//     delicate as the credential, and a name that ends in vault.azure.net says
//     nothing on whose vault it is. Who may name an address is the caller's to
//     judge.
//   - A vault answers a request without a token with a challenge that names the
//     authority, the tenant and the resource to get a token for. Of that only
//     the tenant is heeded: authority and resource are those of the cloud that
//     the address is in. See challenge.go.
//   - Azure's chain of credentials reads the process's environment. The chain
//     here has the same members in the same order, each told explicitly what the
//     environment says ([Auth.Getenv]). Three things alone still look for
//     themselves: which managed identity a machine has (IDENTITY_ENDPOINT,
//     MSI_ENDPOINT …), the region of the authority (AZURE_REGIONAL_AUTHORITY_NAME),
//     and the tools az, azd and pwsh, which are processes of their own. Whatever
//     they find, a request goes to the authority and to this machine alone.
//   - A disabled secret is refused with 403. One that is expired, or not valid
//     yet, is given all the same; the latter is not taken.
//   - The versions are listed in the order of their ids, which says nothing, and
//     their times are whole seconds.
//   - A deleted secret is not found; that it can be brought back is told by
//     another request.
package azure

import (
	"context"
	"crypto/tls"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Options configure a source for one environment.
type Options struct {
	Address string // https://NAME.vault.azure.net, or of another cloud; loopback for tests
	Auth    Auth

	UserAgent string
	TLS       *tls.Config       // roots besides the system's
	Limiter   *rest.Limiter     // shared by the sources of one vault; nil: one of its own
	Notify    func(rest.Wait)   // told of each pause
	Next      http.RoundTripper // what sends the requests; nil: connection pools
}

// maxBody is the longest answer: a secret is 25 KB at most, and a page of
// versions has at most 25 of them, with 15 tags of 512 characters.
// https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
const maxBody = 4 << 20

// pause is Key Vault's own word for the first wait after a refusal for haste.
// https://learn.microsoft.com/azure/key-vault/general/overview-throttling
const pause = time.Second

// parallel is the number of secrets that are read at once.
const parallel = 8

// A Source reads secrets. Its methods may be called from several goroutines.
type Source struct {
	options    Options
	cloud      cloud
	host       string            // of the vault
	transport  *rest.Transport   // to the vault
	transports []*rest.Transport // all of them, the vault's included
	client     *azsecrets.Client
	login      *login

	gate    chan struct{} // holds one while the first request is on its way; guards what follows
	entered bool          // a token was had
	failed  error         // why none ever will be
}

// New opens a source without a request. The errors are store.ErrInvalid, and
// store.ErrUnauthentic where there is nothing to log in with.
func New(o Options) (*Source, error) {
	cloud, host, err := cloudOf(o.Address)
	if err != nil {
		return nil, err
	}
	silent()
	s := &Source{options: o, cloud: cloud, host: host, gate: make(chan struct{}, 1)}
	if s.transport, err = s.connect(rest.Options{Base: o.Address, Limiter: o.Limiter}); err != nil {
		return nil, err
	}
	if s.login, err = s.newLogin(); err != nil {
		return nil, err
	}
	s.client, err = s.newClient()
	return s, err
}

// connect makes the transport for one host, and fills in what is the same for
// all of them.
func (s *Source) connect(o rest.Options) (*rest.Transport, error) {
	o.UserAgent, o.TLS, o.Notify, o.Next = s.options.UserAgent, s.options.TLS, s.options.Notify, s.options.Next
	o.MaxBody, o.Pause, o.Queries = maxBody, pause, true
	t, err := rest.New(o)
	if err != nil {
		return nil, err
	}
	s.transports = append(s.transports, t)
	return t, nil
}

func invalid(detail, hint string) error {
	return &store.Error{Op: "open", Ref: "azure source", Kind: store.ErrInvalid, Detail: detail, Hint: hint}
}

// Read gives the value of each reference: its path is the secret's name; field
// "" is the whole value, any other one a key of the JSON object that the value
// is. Each secret is read once.
//
// The errors are ErrNotFound; ErrNoField; ErrDenied, for a secret that is
// disabled or not valid yet, too; ErrUnauthentic; ErrInvalid for a reference
// that no Key Vault can answer; ErrThrottled; ErrMoved; and ErrUnavailable.
func (s *Source) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	return store.ReadAtOnce(ctx, parallel, refs, func(path, version string) (store.Lookup, error) {
		return s.open(ctx, path, version)
	})
}

// Describe gives what a vault knows of each secret besides its value. It wants
// the permission to list, and none to get.
func (s *Source) Describe(ctx context.Context, refs []store.Reference) []store.Reading {
	return store.ReadAtOnce(ctx, parallel, refs, func(path, version string) (store.Lookup, error) {
		about, err := s.describe(ctx, path, version)
		return func(string) store.Reading { return about }, err
	})
}

// Requests counts what the vault and the services that give tokens were asked.
// None of it changes anything.
func (s *Source) Requests() (requests, writes int) {
	for _, t := range s.transports {
		n, changing := t.Requests()
		requests, writes = requests+n, writes+changing
	}
	return requests, writes
}
