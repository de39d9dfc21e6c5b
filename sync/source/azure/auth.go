package azure

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azcloud "github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// The ways to log in.
const (
	Default = "default" // Azure's own chain of credentials
	OIDC    = "oidc"    // the job's identity token, for an application with a federated credential
)

// Auth says how to log in.
type Auth struct {
	Method    string // one of the above
	Authority string // who gives tokens; "" is that of the vault's cloud
	Tenant    string // for OIDC: the directory's id or domain
	Client    string // for OIDC: the application's (client) id
	Audience  string // for OIDC; "" is what federated credentials of the cloud have

	// Identity gives the token by which the job proves who it is, made for the
	// audience; for OIDC.
	Identity func(ctx context.Context, audience string) (secret.Value, error)

	// Getenv gives what the environment says; for Default.
	Getenv func(name string) string
	// Path gives a file that a variable names; for Default. nil: as it is.
	Path func(name string) string
}

// A login gives Azure's client its tokens, all for the one resource.
type login struct {
	cloud      cloud
	authority  string // without the last slash
	auth       Auth
	credential azcore.TokenCredential

	mu     sync.Mutex // guards what follows
	had    bool       // a token was given
	failed error      // what failed once is not tried again
}

// identifier is what a tenant or an application can be called.
var identifier = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]*$`)

func (s *Source) newLogin() (*login, error) {
	l := &login{cloud: s.cloud, auth: s.options.Auth}
	l.authority = strings.TrimRight(cmp.Or(l.auth.Authority, s.cloud.authority), "/")
	l.auth.Audience = cmp.Or(l.auth.Audience, s.cloud.audience)
	u, err := url.Parse(l.authority)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, invalid("the authority is that of no Entra", "set AZURE_AUTHORITY_HOST to a URL like "+s.cloud.authority)
	}
	open := doors{}
	for _, base := range []string{l.authority, s.cloud.alias} {
		if base == "" || base == s.cloud.alias && l.authority != s.cloud.authority {
			continue
		}
		t, err := s.connect(rest.Options{Base: base})
		if err != nil {
			return nil, err
		}
		open.add(base, t)
	}
	switch l.auth.Method {
	case OIDC:
		l.credential, err = l.federated(open)
	case Default:
		l.credential, err = s.chain(l, open)
	default:
		return nil, invalid("this way to log in is not known", "")
	}
	return l, err
}

// options are those of a client of the authority's. Its instances are not
// looked up: that would ask another host whether this one is to be trusted,
// which has been settled before.
func (l *login) options(open doors) azcore.ClientOptions {
	o := clientOptions(open)
	o.Cloud = azcloud.Configuration{ActiveDirectoryAuthorityHost: l.authority + "/"}
	return o
}

// federated logs in with the job's own token (RFC 7523).
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation
func (l *login) federated(open doors) (azcore.TokenCredential, error) {
	for what, id := range map[string]string{"auth.tenant (AZURE_TENANT_ID)": l.auth.Tenant, "auth.role (AZURE_CLIENT_ID)": l.auth.Client} {
		switch {
		case id == "":
			return nil, &store.Error{Op: loggingIn, Ref: "azure", Kind: store.ErrUnauthentic, Detail: what + " is not set",
				Hint: "name the directory and the application: auth: {tenant: \"…\", role: \"…\"}, or set AZURE_TENANT_ID and AZURE_CLIENT_ID"}
		case !identifier.MatchString(id):
			return nil, invalid(what+" is no id", "it is the directory's id or domain, and the application's (client) id")
		}
	}
	if l.auth.Identity == nil {
		return nil, invalid("to log in with oidc a token of the job is wanted", "")
	}
	return l.asserting(l.auth.Tenant, l.auth.Client, open, func(ctx context.Context) (secret.Value, error) {
		return l.auth.Identity(ctx, l.auth.Audience)
	})
}

// asserting logs in with a token of another issuer.
func (l *login) asserting(tenant, client string, open doors, prove func(context.Context) (secret.Value, error)) (azcore.TokenCredential, error) {
	assert := func(ctx context.Context) (string, error) {
		token, err := prove(ctx)
		if err != nil {
			tell(ctx, err)
			return "", err
		}
		return strings.TrimSpace(string(token.Reveal())), nil
	}
	return l.refusing(azidentity.NewClientAssertionCredential(tenant, client, assert,
		&azidentity.ClientAssertionCredentialOptions{ClientOptions: l.options(open), DisableInstanceDiscovery: true}))
}

// refusing puts a constructor's refusal in keyplumb's words.
func (*login) refusing(credential azcore.TokenCredential, err error) (azcore.TokenCredential, error) {
	if err != nil {
		return nil, invalid("Azure's client refuses this tenant and application", "correct auth in the policy, or AZURE_TENANT_ID and AZURE_CLIENT_ID")
	}
	return ofTenant{credential}, nil
}

// ofTenant is a credential that logs in to the tenant that it was given with,
// whatever the vault's challenge says: that may be the same one by its id in
// place of its domain, and if it is another, it is the vault that refuses.
type ofTenant struct{ azcore.TokenCredential }

func (c ofTenant) GetToken(ctx context.Context, wanted policy.TokenRequestOptions) (azcore.AccessToken, error) {
	wanted.TenantID = ""
	return c.TokenCredential.GetToken(ctx, wanted)
}

// patience is longer than any of the transports has. With no end in the context
// Azure's client would set one of half a minute, which is less than Entra may
// ask to be waited for.
const patience = 15 * time.Minute

// GetToken gives a token for the vaults of the cloud, and for nothing else.
func (l *login) GetToken(ctx context.Context, wanted policy.TokenRequestOptions) (azcore.AccessToken, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return azcore.AccessToken{}, l.failed
	}
	if !slices.Equal(wanted.Scopes, []string{l.cloud.scope()}) {
		return azcore.AccessToken{}, &store.Error{Op: loggingIn, Ref: "azure", Kind: store.ErrDenied, Detail: "the token was to be for something else than " + l.cloud.resource()}
	}
	heard, said := listening(ctx)
	heard, cancel := context.WithTimeout(heard, patience)
	defer cancel()
	token, err := l.credential.GetToken(heard, wanted)
	switch {
	case err == nil:
		l.had = true
		return token, nil
	case ctx.Err() != nil:
		return azcore.AccessToken{}, fmt.Errorf("log in: %w", ctx.Err())
	}
	l.failed = l.explain(said)
	return azcore.AccessToken{}, l.failed
}

// outcome tells whether a token was had, or why none ever will be.
func (l *login) outcome() (had bool, failed error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.had, l.failed
}
