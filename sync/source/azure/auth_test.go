package azure_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/azure"
	"github.com/keyplumb/keyplumb/sync/store"
)

func TestNew(t *testing.T) {
	s, h := inMemory(t)
	for _, address := range []string{
		"https://acme.vault.azure.net", "https://acme.vault.azure.net/", "https://ACME.Vault.Azure.net:443", "https://a-1.vault.azure.cn",
		"https://acme.vault.usgovcloudapi.net", "https://127.0.0.1:8443", "https://localhost:8443", "https://[::1]:8443",
	} {
		o := s.real(h)
		o.Address = address
		if _, err := azure.New(o); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{
		"", "acme", "http://acme.vault.azure.net", "http://127.0.0.1:8443", "https://vault.azure.net", "https://.vault.azure.net", "https://acme.vault.azure.net.mallory.example",
		"https://acme.mallory.vault.azure.net", "https://mallory.example/.vault.azure.net", "https://mallory.example#.vault.azure.net", "https://mallory.example?.vault.azure.net",
		"https://u:p@acme.vault.azure.net", "https://acme.vault.azure.net/secrets", "https://acme.vault.azure.net?x=y", "https://acme.vault.azure.net:8443",
		"https://acme.managedhsm.azure.net", "https://1acme.vault.azure.net", "https://acme-.vault.azure.net", "https://a_b.vault.azure.net", "https://" + strings.Repeat("a", 25) + ".vault.azure.net",
	} {
		o := s.real(h)
		o.Address = address
		if _, err := azure.New(o); !errors.Is(err, store.ErrInvalid) || store.Hint(err) == "" {
			t.Errorf("%s: %v", address, err)
		}
	}
	for name, test := range map[string]struct {
		change func(*azure.Auth)
		kind   error
	}{
		"no method":                  {func(a *azure.Auth) { a.Method = "" }, store.ErrInvalid},
		"no tenant":                  {func(a *azure.Auth) { a.Tenant = "" }, store.ErrUnauthentic},
		"no application":             {func(a *azure.Auth) { a.Client = "" }, store.ErrUnauthentic},
		"a tenant that climbs":       {func(a *azure.Auth) { a.Tenant = ".." }, store.ErrInvalid},
		"a tenant and more":          {func(a *azure.Auth) { a.Tenant += "/x" }, store.ErrInvalid},
		"an application of two rows": {func(a *azure.Auth) { a.Client += "\nx" }, store.ErrInvalid},
		"no identity":                {func(a *azure.Auth) { a.Identity = nil }, store.ErrInvalid},
		"an authority in clear text": {func(a *azure.Auth) { a.Authority = "http://127.0.0.1" }, store.ErrInvalid},
		"an authority and more":      {func(a *azure.Auth) { a.Authority = "https://login.microsoftonline.com/common" }, store.ErrInvalid},
		"an authority with a name":   {func(a *azure.Auth) { a.Authority = "https://u:p@login.microsoftonline.com" }, store.ErrInvalid},
		"a chain and no environment": {func(a *azure.Auth) { a.Method = azure.Default }, store.ErrInvalid},
	} {
		o := s.real(h)
		test.change(&o.Auth)
		if _, err := azure.New(o); !errors.Is(err, test.kind) {
			t.Errorf("%s: %v, want %v", name, err, test.kind)
		}
	}
}

// TestClouds: each cloud has an authority, a resource and an audience of its
// own, and nobody else's is asked.
func TestClouds(t *testing.T) {
	for address, test := range map[string]struct{ authority, audience string }{
		"https://acme.vault.azure.net":         {"https://login.microsoftonline.com", "api://AzureADTokenExchange"},
		"https://acme.vault.azure.cn":          {"https://login.chinacloudapi.cn", "api://AzureADTokenExchangeChina"},
		"https://acme.vault.usgovcloudapi.net": {"https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"},
	} {
		if got, err := azure.Authority(address); err != nil || got != test.authority {
			t.Errorf("%s: %s, %v", address, got, err)
		}
		s, h := inMemory(t)
		host, login := strings.TrimPrefix(address, "https://"), strings.TrimPrefix(test.authority, "https://")
		h.handlers[host], h.handlers[login] = s.Vault, s.entra
		s.Challenge(test.authority, tenant, "https://"+strings.TrimPrefix(host, "acme."))
		var asked string
		o := s.real(h)
		o.Address = address
		o.Auth.Identity = func(ctx context.Context, audience string) (secret.Value, error) {
			asked = audience
			return s.identity(ctx, audience)
		}
		readOne(t.Context(), t, open(t, o), store.Reference{Path: "api"}) // the emulated vault is of one cloud
		if asked != test.audience || h.asked[login] == 0 || len(h.asked) != 2 {
			t.Errorf("%s: audience %s; asked %v", address, asked, h.asked)
		}
	}
}

// TestAlias: China's authority has two names, and its documents may give the
// other one.
func TestAlias(t *testing.T) {
	s, h := inMemory(t)
	other := "login.partner.microsoftonline.cn"
	h.handlers["acme.vault.azure.cn"], h.handlers[other] = s.Vault, s.entra
	h.handlers["login.chinacloudapi.cn"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = other
		s.entra.ServeHTTP(w, r)
	})
	s.Challenge("https://login.chinacloudapi.cn", tenant, "https://vault.azure.cn")
	o := s.real(h)
	o.Address, o.Auth.Audience = "https://acme.vault.azure.cn", "api://AzureADTokenExchange"
	readOne(t.Context(), t, open(t, o), store.Reference{Path: "api"}) // the emulated vault is of one cloud
	if tokens := s.entra.Tokens(); len(tokens) != 1 || h.asked[other] != 1 {
		t.Errorf("%d tokens; asked %v", len(tokens), h.asked)
	}
}

// TestLoginRefused tells apart why nobody was let in, and does not ask again.
func TestLoginRefused(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*server, *azure.Options)
		says  string
	}{
		"another subject":  {func(s *server, _ *azure.Options) { s.claims["sub"] = "repo:mallory/api:environment:prod" }, "for this job's subject (AADSTS700213)"},
		"another issuer":   {func(s *server, _ *azure.Options) { s.claims["iss"] = "https://mallory.example" }, "for this job's issuer (AADSTS700211)"},
		"another audience": {func(_ *server, o *azure.Options) { o.Auth.Audience = "api://other" }, "for another audience than api://other (AADSTS700212)"},
		"a stale token":    {func(s *server, _ *azure.Options) { s.claims["exp"] = time.Now().Add(-time.Hour).Unix() }, "not valid now (AADSTS700024)"},
		"no token":         {func(_ *server, o *azure.Options) { o.Auth.Identity = token("none") }, "cannot check the job's token"},
		"no application":   {func(_ *server, o *azure.Options) { o.Auth.Client = "33333333-aaaa-bbbb-cccc-000000000003" }, "no such application (AADSTS700016)"},
		"no directory":     {func(_ *server, o *azure.Options) { o.Auth.Tenant = "nobody.example" }, "no such directory (AADSTS90002)"},
		"another reason": {func(s *server, _ *azure.Options) {
			s.entra.AddApplication(emulator.Application{Tenant: tenant, Client: client, Secret: "x"})
		}, "no federated credential for this job's issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Set("api", "value", emulator.Properties{})
			o := s.options()
			test.spoil(s, &o)
			source := open(t, o)
			w := wanted{ref: store.Reference{Path: "api"}, kind: store.ErrUnauthentic, says: test.says}
			w.check(t, source)
			asked := func() int { return len(s.entra.Requests()) + len(s.Requests()) }
			before := asked()
			w.check(t, source)
			if after := asked(); after != before {
				t.Errorf("asked %d times more", after-before)
			}
		})
	}
}

func token(text string) func(context.Context, string) (secret.Value, error) {
	return func(context.Context, string) (secret.Value, error) { return secret.New([]byte(text)), nil }
}

// TestIdentityFails: why there is no token for the job is told as it was said.
func TestIdentityFails(t *testing.T) {
	s := newServer(t)
	o := s.options()
	o.Auth.Identity = func(context.Context, string) (secret.Value, error) {
		return secret.Value{}, &store.Error{Op: "prove who this job is", Kind: store.ErrUnauthentic, Detail: "there is no identity token", Hint: "ask for one"}
	}
	for range 2 {
		got := readOne(t.Context(), t, open(t, o), store.Reference{Path: "api"})
		if text := fmt.Sprint(got.Err, ", ", store.Hint(got.Err)); text != "prove who this job is: credential refused: there is no identity token, ask for one" {
			t.Errorf("%s", text)
		}
	}
}

// TestTenantByItsDomain: the challenge names the directory by its id, and the
// policy may name it by its domain.
func TestTenantByItsDomain(t *testing.T) {
	s := newServer(t)
	s.Set("api", "value", emulator.Properties{})
	s.entra.AddApplication(emulator.Application{Tenant: "acme.onmicrosoft.com", Client: client})
	o := s.options()
	o.Auth.Tenant = "acme.onmicrosoft.com"
	got := readOne(t.Context(), t, open(t, o), store.Reference{Path: "api"})
	if asked := asked(s.entra.Requests()); asked["POST /acme.onmicrosoft.com/oauth2/v2.0/token"] != 1 {
		t.Errorf("asked %v: %v", asked, got.Err)
	}
}
