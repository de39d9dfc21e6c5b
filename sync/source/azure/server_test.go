package azure_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/azure"
	"github.com/keyplumb/keyplumb/sync/store"
)

const (
	tenant = "11111111-aaaa-bbbb-cccc-000000000001"
	client = "22222222-aaaa-bbbb-cccc-000000000002"
	issuer = "https://token.actions.githubusercontent.com"
	sub    = "repo:acme/api:environment:prod"
)

// jobKey signs the tokens of jobs.
var jobKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// A server is an emulated vault, and the Entra that it believes; both listen.
type server struct {
	*emulator.Vault
	entra  *emulator.Entra
	url    string // of the vault
	login  string // of Entra
	roots  *x509.CertPool
	claims jwt.MapClaims // of the job's token, besides its audience and times
}

// parts are a vault and an Entra that do not listen.
func parts(authority string) *server {
	clock := &emulator.Clock{}
	clock.Set(time.Now().Truncate(time.Second))
	s := &server{entra: emulator.NewEntra(emulator.Options{Clock: clock}), login: authority, claims: jwt.MapClaims{"iss": issuer, "sub": sub}}
	s.entra.AddApplication(emulator.Application{Tenant: tenant, Client: client,
		Federated: []emulator.Federated{{Issuer: issuer, Subject: sub, Keys: []*rsa.PublicKey{&jobKey().PublicKey}}}})
	s.Vault = emulator.NewVault(s.entra, authority, tenant, emulator.Options{Clock: clock})
	s.Grant(client, "get", "list")
	return s
}

func newServer(t *testing.T) *server {
	t.Helper()
	var s *server
	entra := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.entra.ServeHTTP(w, r) }))
	s = parts(entra.URL)
	vault := listen(t, s.Vault)
	s.url, s.roots = vault.URL, x509.NewCertPool()
	s.roots.AddCert(vault.Certificate())
	s.roots.AddCert(entra.Certificate())
	return s
}

func listen(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	listening := httptest.NewUnstartedServer(h)
	listening.Config.ErrorLog = log.New(io.Discard, "", 0)
	listening.StartTLS()
	t.Cleanup(listening.Close)
	return listening
}

// options are those of a job that logs in with its own token.
func (s *server) options() azure.Options {
	return azure.Options{Address: s.url, TLS: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}, UserAgent: "keyplumb",
		Auth: azure.Auth{Method: azure.OIDC, Authority: s.login, Tenant: tenant, Client: client, Identity: s.identity}}
}

// identity is the job's token.
func (s *server) identity(_ context.Context, audience string) (secret.Value, error) {
	now := s.entra.Clock().Now()
	claims := jwt.MapClaims{"aud": audience, "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	for name, value := range s.claims {
		claims[name] = value
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(jobKey())
	return secret.New([]byte(signed)), err
}

func open(t *testing.T, o azure.Options) *azure.Source {
	t.Helper()
	source, err := azure.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func readOne(ctx context.Context, t *testing.T, source store.Source, ref store.Reference) store.Reading {
	t.Helper()
	readings := source.Read(ctx, []store.Reference{ref})
	if len(readings) != 1 {
		t.Fatalf("%d readings for one reference", len(readings))
	}
	return readings[0]
}

// asked counts requests, by method and path.
func asked(requests []emulator.Request) map[string]int {
	got := map[string]int{}
	for _, r := range requests {
		got[r.Method+" "+r.Path]++
	}
	return got
}
