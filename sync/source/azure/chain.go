package azure

import (
	"cmp"
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A link is one member of Azure's chain of credentials.
type link struct {
	name string // as AZURE_TOKEN_CREDENTIALS has it
	tool bool   // of a developer's machine
	make func() (azcore.TokenCredential, error)
}

// chain gives the credentials of DefaultAzureCredential, in its order: the
// first that is set up is used.
// https://learn.microsoft.com/azure/developer/go/sdk/authentication/credential-chains#defaultazurecredential-overview
func (s *Source) chain(l *login, open doors) (azcore.TokenCredential, error) {
	getenv := l.auth.Getenv
	if getenv == nil {
		return nil, invalid("the default way to log in goes by the environment", "")
	}
	links := []link{
		{"EnvironmentCredential", false, func() (azcore.TokenCredential, error) { return l.fromEnvironment(open) }},
		{"WorkloadIdentityCredential", false, func() (azcore.TokenCredential, error) { return l.fromPod(open) }},
		{"ManagedIdentityCredential", false, func() (azcore.TokenCredential, error) { return s.ofMachine(l, open) }},
		{"AzureCLICredential", true, func() (azcore.TokenCredential, error) { return azidentity.NewAzureCLICredential(nil) }},
		{"AzureDeveloperCLICredential", true, func() (azcore.TokenCredential, error) { return azidentity.NewAzureDeveloperCLICredential(nil) }},
		{"AzurePowerShellCredential", true, func() (azcore.TokenCredential, error) { return azidentity.NewAzurePowerShellCredential(nil) }},
	}
	chosen, err := choose(links, getenv("AZURE_TOKEN_CREDENTIALS"))
	if err != nil {
		return nil, err
	}
	var credentials []azcore.TokenCredential
	for _, link := range chosen {
		credential, err := link.make()
		switch {
		case err != nil:
			return nil, err
		case credential == nil: // it is not set up
		case link.tool:
			credentials = append(credentials, tool{credential})
		default:
			credentials = append(credentials, credential)
		}
	}
	if len(credentials) == 0 {
		return nil, noCredential()
	}
	return azidentity.NewChainedTokenCredential(credentials, nil)
}

// choose obeys AZURE_TOKEN_CREDENTIALS.
func choose(links []link, word string) ([]link, error) {
	chosen := slices.DeleteFunc(slices.Clone(links), func(l link) bool {
		switch word {
		case "":
			return false
		case "dev":
			return !l.tool
		case "prod":
			return l.tool
		}
		return !strings.EqualFold(l.name, word)
	})
	if len(chosen) == 0 {
		return nil, invalid("AZURE_TOKEN_CREDENTIALS names no credential of the chain", "set it to dev, to prod, or to a name like AzureCLICredential; or unset it")
	}
	return chosen, nil
}

func noCredential() error {
	return &store.Error{Op: loggingIn, Ref: "azure", Kind: store.ErrUnauthentic, Detail: "no credential of Azure's is set up here",
		Hint: "az login; or let the job log in: auth: {method: \"oidc\", tenant: \"…\", role: \"…\"}"}
}

// fromEnvironment logs in with an application's secret or certificate.
func (l *login) fromEnvironment(open doors) (azcore.TokenCredential, error) {
	tenant, client := l.auth.Getenv("AZURE_TENANT_ID"), l.auth.Getenv("AZURE_CLIENT_ID")
	password, file := l.auth.Getenv("AZURE_CLIENT_SECRET"), l.auth.Getenv("AZURE_CLIENT_CERTIFICATE_PATH")
	if tenant == "" || client == "" || password == "" && file == "" {
		return nil, nil
	}
	if err := l.checkIDs(tenant, client); err != nil {
		return nil, err
	}
	if password != "" {
		return l.refusing(azidentity.NewClientSecretCredential(tenant, client, password,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: l.options(open), DisableInstanceDiscovery: true}))
	}
	unusable := func(detail string) error {
		return &store.Error{Op: loggingIn, Ref: "AZURE_CLIENT_CERTIFICATE_PATH", Kind: store.ErrUnauthentic, Detail: detail,
			Hint: "name a file with the certificate and its key, in PEM or PKCS #12; its password is AZURE_CLIENT_CERTIFICATE_PASSWORD"}
	}
	data, err := os.ReadFile(l.path(file))
	if err != nil {
		return nil, unusable("the file cannot be read")
	}
	var opens []byte // nil: the file has no password
	if text := l.auth.Getenv("AZURE_CLIENT_CERTIFICATE_PASSWORD"); text != "" {
		opens = []byte(text)
	}
	certificates, key, err := azidentity.ParseCertificates(data, opens)
	if err != nil {
		return nil, unusable("the file holds no certificate with a key that this password opens")
	}
	chain := slices.Contains([]string{"1", "true"}, strings.ToLower(l.auth.Getenv("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")))
	return l.refusing(azidentity.NewClientCertificateCredential(tenant, client, certificates, key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: l.options(open), DisableInstanceDiscovery: true, SendCertificateChain: chain}))
}

// fromPod logs in with a service account's token, as the webhook of Azure's
// workload identity puts it into a pod.
func (l *login) fromPod(open doors) (azcore.TokenCredential, error) {
	tenant, client, file := l.auth.Getenv("AZURE_TENANT_ID"), l.auth.Getenv("AZURE_CLIENT_ID"), l.auth.Getenv("AZURE_FEDERATED_TOKEN_FILE")
	if tenant == "" || client == "" || file == "" {
		return nil, nil
	}
	if err := l.checkIDs(tenant, client); err != nil {
		return nil, err
	}
	return l.asserting(tenant, client, open, func(context.Context) (secret.Value, error) {
		token, err := os.ReadFile(l.path(file))
		if err != nil {
			return secret.Value{}, &store.Error{Op: loggingIn, Ref: "AZURE_FEDERATED_TOKEN_FILE", Kind: store.ErrUnauthentic, Detail: "the file cannot be read",
				Hint: "label the pod azure.workload.identity/use: \"true\", and let this user read the file"}
		}
		return secret.New(token), nil
	})
}

func (l *login) path(name string) string {
	if l.auth.Path == nil {
		return name
	}
	return l.auth.Path(name)
}

func (l *login) checkIDs(tenant, client string) error {
	if !identifier.MatchString(tenant) || !identifier.MatchString(client) {
		return invalid("AZURE_TENANT_ID or AZURE_CLIENT_ID is no id", "they are the directory's id or domain, and the application's (client) id")
	}
	return nil
}

// metadata is where a machine of Azure's is told who it is.
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
const metadata = "http://169.254.169.254"

// ofMachine logs in as the machine: by the endpoint that the platform names,
// which must be on this machine or link-local, or else by the metadata service.
func (s *Source) ofMachine(l *login, open doors) (azcore.TokenCredential, error) {
	endpoint := cmp.Or(l.auth.Getenv("IDENTITY_ENDPOINT"), l.auth.Getenv("MSI_ENDPOINT"))
	base := cmp.Or(endpoint, metadata)
	t, err := s.connect(rest.Options{Base: base, Metadata: true})
	if err != nil || !ofThisMachine(base) {
		strange := &store.Error{Op: loggingIn, Ref: "IDENTITY_ENDPOINT", Kind: store.ErrDenied, Detail: "it is no address of this machine",
			Hint: "the platform sets it; unset it, and MSI_ENDPOINT, where there is no managed identity"}
		return refused{strange}, nil //nolint:nilerr // the chain gets to it, or does not
	}
	open.add(base, t)
	options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: clientOptions(open)}
	if id := l.auth.Getenv("AZURE_CLIENT_ID"); id != "" {
		options.ID = azidentity.ClientID(id)
	}
	credential, err := azidentity.NewManagedIdentityCredential(options)
	if err != nil {
		return refused{invalid("Azure's client cannot use the managed identity of this platform", "name what is to be used: AZURE_TOKEN_CREDENTIALS")}, nil //nolint:nilerr // the chain gets to it, or does not
	}
	m := machine{credential: credential}
	if endpoint == "" {
		if m.probe, err = s.connect(rest.Options{Base: metadata, Metadata: true, Attempt: time.Second, Attempts: 1}); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// ofThisMachine tells a loopback or a link-local address. What the platform's
// endpoint is sent (IDENTITY_HEADER) may go nowhere else, in TLS or not.
func ofThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return isLoopback(u.Hostname()) || err == nil && addr.IsLinkLocalUnicast()
}

// A refused credential is one that is not to be used. It ends the chain, if the
// chain comes to it.
type refused struct{ err error }

func (r refused) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	tell(ctx, r.err)
	return azcore.AccessToken{}, r.err
}

// A machine is a managed identity, if there is one: a machine that is not
// Azure's has nobody at the metadata service's address, and must not wait long
// to find that out.
type machine struct {
	credential azcore.TokenCredential
	probe      *rest.Transport // nil: the platform said that there is one
}

func (m machine) GetToken(ctx context.Context, wanted policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if m.probe != nil && !answers(ctx, m.probe) {
		return azcore.AccessToken{}, notHere()
	}
	return m.credential.GetToken(ctx, wanted)
}

// answers tells whether there is a metadata service; without the header that
// it wants it answers, and gives nothing.
func answers(ctx context.Context, t *rest.Transport) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, metadata+"/metadata/identity/oauth2/token", nil)
	if err != nil {
		return false
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}

// toolTime is how long a tool may take, as Azure's client has it.
const toolTime = 10 * time.Second

// A tool is one of a developer's machine. That it is not there, or that nobody
// is logged in to it, sends the chain on.
type tool struct{ credential azcore.TokenCredential }

func (t tool) GetToken(ctx context.Context, wanted policy.TokenRequestOptions) (azcore.AccessToken, error) {
	ctx, cancel := context.WithTimeout(ctx, toolTime)
	defer cancel()
	token, err := t.credential.GetToken(ctx, wanted)
	if err != nil {
		return azcore.AccessToken{}, notHere()
	}
	return token, nil
}

func notHere() error { return azidentity.NewCredentialUnavailableError("not set up here") }
