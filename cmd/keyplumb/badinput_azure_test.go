package main

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
)

func TestBadAzure(t *testing.T) {
	const first = "/secrets/prod-first/"
	for _, bad := range []struct {
		badInput
		spoil func(*azureStage)
	}{
		{badInput{name: "no identity", code: exitFailed, want: []string{"there is no identity token", "hint: give the job permissions: {id-token: write"}},
			func(a *azureStage) { a.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "") }},
		{badInput{name: "another repository", code: exitFailed, want: []string{"the application has no federated credential for this job's subject (AADSTS700213)", "hint: compare the subject"}},
			func(a *azureStage) { a.claim("sub", "repo:mallory/api:environment:both") }},
		{badInput{name: "another issuer", code: exitFailed, want: []string{"no federated credential for this job's issuer (AADSTS700211)", "hint: the issuer is"}},
			func(a *azureStage) { a.claim("iss", "https://mallory.example") }},
		{badInput{name: "another audience", code: exitFailed, want: []string{"for another audience than api://AzureADTokenExchange (AADSTS700212)"}},
			func(a *azureStage) {
				a.trust(emulator.Federated{Issuer: a.claims["iss"].(string), Subject: a.claims["sub"].(string), Audience: "api://Other"})
			}},
		{badInput{name: "no such application", code: exitFailed, want: []string{"the directory knows no such application (AADSTS700016)", "hint: is auth.role"}},
			func(a *azureStage) { a.source(azureClient, "33333333-aaaa-bbbb-cccc-000000000003") }},
		{badInput{name: "no such directory", code: exitFailed, want: []string{"there is no such directory (AADSTS90002)", "hint: is auth.tenant"}},
			func(a *azureStage) { a.elsewhere("44444444-aaaa-bbbb-cccc-000000000004") }},
		{badInput{name: "the vault of another directory", code: exitFailed, want: []string{"read prod-first: credential refused: the vault does not take the token: it is of another directory", "hint: is the tenant in the policy the vault's own?"}},
			func(a *azureStage) {
				a.keys.Challenge(a.login, "55555555-aaaa-bbbb-cccc-000000000005", emulator.Resource)
			}},
		{badInput{name: "no application", code: exitFailed, want: []string{"auth.role (AZURE_CLIENT_ID) is not set", "hint: name the directory and the application"}},
			func(a *azureStage) { a.source(`, role: "`+azureClient+`"`, "") }},
		{badInput{name: "no role for it", code: exitFailed, errors: 2, want: []string{"read prod-first: denied: no role assignment lets this identity get secrets", `hint: az role assignment create --role "Key Vault Secrets User" --assignee ` + azureClient}},
			func(a *azureStage) { a.keys.Grant(azureClient) }},
		{badInput{name: "no access policy for it", code: exitFailed, errors: 2, want: []string{"no access policy of the vault lets this identity get secrets", "hint: az keyvault set-policy --name"}},
			func(a *azureStage) { a.keys.UsePolicies(); a.keys.Grant(azureClient) }},
		{badInput{name: "a firewall", code: exitFailed, errors: 2, want: []string{"read prod-first: denied: the vault's firewall does not let this machine in", "hint: run the job where"}},
			func(a *azureStage) { a.keys.Close("ForbiddenByFirewall") }},
		{badInput{name: "no such secret", code: exitFindings, want: []string{"missing-value", "has no such secret", "help: is the name right in the policy?"}},
			func(a *azureStage) { a.keys.Purge("prod-first") }},
		{badInput{name: "a deleted secret", code: exitFindings, want: []string{"missing-value", "it was deleted at 2026-11-24 12:00:00 UTC", "az keyvault secret recover --vault-name"}},
			func(a *azureStage) { a.keys.Delete("prod-first") }},
		{badInput{name: "no such field", code: exitFindings, want: []string{"missing-value", "no such field: SECOND", "there are: PLAIN"}},
			func(a *azureStage) { a.keys.Set("prod-api", `{"PLAIN":"p"}`, emulator.Properties{}) }},
		{badInput{name: "a disabled secret", code: exitFailed, want: []string{"read prod-first: denied: it is disabled", "hint: enable it with az keyvault secret set-attributes"}},
			func(a *azureStage) { a.keys.Set("prod-first", "x", emulator.Properties{Disabled: true}) }},
		{badInput{name: "a secret of tomorrow", code: exitFailed, want: []string{"read prod-first: denied: it is not valid before 2126-01-01 00:00:00 UTC", "hint: wait for that"}},
			func(a *azureStage) {
				a.keys.Set("prod-first", "x", emulator.Properties{NotBefore: time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)})
			}},
		{badInput{name: "throttled for an hour", code: exitFailed, want: []string{"read prod-first: throttled", "hint: run keyplumb again"}},
			func(a *azureStage) { a.spoiled("GET", first, emulator.RateLimited(3600)) }},
		{badInput{name: "throttled at the login", code: exitFailed, want: []string{"log in 127.0.0.1:", "throttled", "hint: run keyplumb again"}},
			func(a *azureStage) { a.fault("POST", azureToken, emulator.RateLimited(3600)) }},
		{badInput{name: "nobody there", code: exitFailed, want: []string{"open 127.0.0.1:1: unavailable: no connection"}},
			func(a *azureStage) {
				a.setenv("AZURE_KEYVAULT_URL", "https://127.0.0.1:1")
				a.source(a.url, "https://127.0.0.1:1")
			}},
		{badInput{name: "no Entra there", code: exitFailed, want: []string{"log in 127.0.0.1:1: unavailable: no connection"}},
			func(a *azureStage) { a.setenv("AZURE_AUTHORITY_HOST", "https://127.0.0.1:1") }},
		{badInput{name: "half an answer", code: exitFailed, want: []string{"read prod-first: unavailable"}},
			func(a *azureStage) { a.spoiled("GET", first, emulator.Malformed()) }},
		{badInput{name: "an answer over the cap", code: exitFailed, want: []string{"read prod-first: unavailable: answer too long"}},
			func(a *azureStage) { a.spoiled("GET", first, emulator.Oversized(5<<20)) }},
		{badInput{name: "half an answer to the login", code: exitFailed, want: []string{"log in 127.0.0.1:", "unavailable: the answer could not be read"}},
			func(a *azureStage) { a.fault("POST", azureToken, emulator.Malformed()) }},
		{badInput{name: "a server that asks for no token", code: exitFailed, want: []string{"the server does not ask for a token", "hint: is the address in the policy that of a Key Vault?"}},
			func(a *azureStage) { a.keys.Inject(emulator.Fault{Effect: emulator.EchoText(403)}) }},
		{badInput{name: "an expired token mid-run", code: exitFailed, want: []string{"read prod-", "credential refused: the vault does not take the token"}},
			func(a *azureStage) {
				a.keys.After(func(n int, _, _ string) {
					if n == 2 {
						a.entra.RevokeAll()
					}
				})
			}},
		{badInput{name: "two addresses", code: exitFailed, want: []string{"the policy and AZURE_KEYVAULT_URL send source azure to different addresses"}},
			func(a *azureStage) { a.source(a.url, "https://acme.vault.azure.net") }},
		{badInput{name: "a vault that the policy alone names", code: exitFailed,
			want: []string{"in CI, one place alone may not send the credential of source azure to acme.vault.azure.net", "hint: name it both in the policy and in AZURE_KEYVAULT_URL, or pass --allow-host acme.vault.azure.net"}},
			func(a *azureStage) {
				a.setenv("AZURE_KEYVAULT_URL", "")
				a.source(a.url, "https://acme.vault.azure.net")
			}},
		{badInput{name: "a host that is no vault's", code: exitFailed, want: []string{"the address is that of no Key Vault"}},
			func(a *azureStage) { a.named("https://vault.example.com") }},
		{badInput{name: "an authority that the environment alone names", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of the login of source azure to login.example.com"}},
			func(a *azureStage) { a.setenv("AZURE_AUTHORITY_HOST", "https://login.example.com") }},
		{badInput{name: "roots that are none", code: exitFailed, want: []string{"SSL_CERT_FILE names holds no certificate", "hint: "}},
			func(a *azureStage) { a.write("roots.pem", "none") }},
		{badInput{name: "a name that no secret has", code: exitFailed, want: []string{"read prod_first: refused as invalid: that is no name of a secret in Key Vault"}},
			func(a *azureStage) { a.source("-first", "_first") }},
	} {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			a := unsyncedAzure(t)
			bad.spoil(a)
			bad.args = "sync --env prod"
			bad.try(a.stage)
		})
	}
}

// named names a vault in the policy and in the environment.
func (a *azureStage) named(address string) {
	a.setenv("AZURE_KEYVAULT_URL", address)
	a.source(a.url, address)
}

// elsewhere has the vault and the policy be of another directory.
func (a *azureStage) elsewhere(tenant string) {
	a.keys.Challenge(a.login, tenant, emulator.Resource)
	a.source(azureTenant, tenant)
}

// spoiled has requests go wrong once there is a token.
func (a *azureStage) spoiled(method, path string, effect emulator.Effect) {
	a.keys.Inject(emulator.Fault{Effect: effect, When: func(_ int, m, p string) bool {
		return m == method && p == path && len(a.entra.Tokens()) > 0
	}})
}

// TestAzureUntrusted: a certificate that nobody knows is not believed, neither
// the vault's nor Entra's.
func TestAzureUntrusted(t *testing.T) {
	a := unsyncedAzure(t)
	stranger := httptest.NewUnstartedServer(a.entra)
	stranger.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}} //nolint:gosec // a server's; the client chooses the version
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	a.setenv("AZURE_AUTHORITY_HOST", stranger.URL)
	(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"log in 127.0.0.1:", "the server's certificate is not trusted"}}).try(a.stage)
	a.setenv("SSL_CERT_FILE", "")
	(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"open 127.0.0.1:", "the server's certificate is not trusted"}}).try(a.stage)
}

// selfSigned makes a certificate for this machine.
func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	about := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}
	made, err := x509.CreateCertificate(rand.Reader, about, about, &jobKey().PublicKey, jobKey())
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{made}, PrivateKey: jobKey()}
}

// TestAzureTokenStays: wherever a vault or Entra sends keyplumb to, neither its
// token nor the job's goes there.
func TestAzureTokenStays(t *testing.T) {
	var asked atomic.Int32
	elsewhere := listenTLS(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	for _, r := range []struct{ method, path, says string }{
		{"GET", azureDiscovery, "where no credential goes"}, {"POST", azureToken, "where no credential goes"}, {"GET", "/secrets/prod-first/", "where the token does not go"},
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			a := unsyncedAzure(t)
			a.spoiled(r.method, r.path, emulator.Redirect(status, elsewhere.url+r.path))
			a.entra.Inject(emulator.Fault{When: emulator.On(r.method, r.path), Effect: emulator.Redirect(status, elsewhere.url+r.path)})
			(&badInput{args: "sync --env prod", code: exitFailed, want: []string{r.says, "hint: "}}).try(a.stage)
		}
	}
	a := unsyncedAzure(t)
	runner := httptest.NewServer(http.RedirectHandler(elsewhere.url, http.StatusFound))
	t.Cleanup(runner.Close)
	a.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", runner.URL)
	(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"redirects to another host"}}).try(a.stage)
	if n := asked.Load(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}
