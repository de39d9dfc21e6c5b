package azure_test

import (
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/emulator/azure"
)

func TestGrants(t *testing.T) {
	s := newStage(t)
	now := s.entra.Clock().Now()
	federated := azure.Federated{Issuer: "https://ci.example", Subject: "repo:acme/api", Keys: []*rsa.PublicKey{&key().PublicKey}}
	s.entra.AddApplication(azure.Application{Tenant: tenant, Client: client, Secret: "s3", Federated: []azure.Federated{federated}})
	good := jwt.MapClaims{"iss": "https://ci.example", "sub": "repo:acme/api", "aud": "api://AzureADTokenExchange", "exp": now.Add(time.Minute).Unix(), "nbf": now.Unix()}
	asserting := func(claims jwt.MapClaims) url.Values {
		said := jwt.MapClaims{}
		for _, from := range []jwt.MapClaims{good, claims} {
			for name, value := range from {
				said[name] = value
			}
		}
		return url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {s.assertion(said)}}
	}
	foreign := asserting(nil)
	foreign.Set("client_assertion", foreign.Get("client_assertion")[:len(foreign.Get("client_assertion"))-8]+"AAAAAAAA")
	for name, test := range map[string]struct {
		tenant string
		form   url.Values
		code   float64 // 0: a token
	}{
		"a secret":               {tenant, url.Values{"client_secret": {"s3"}}, 0},
		"an assertion":           {tenant, asserting(nil), 0},
		"several audiences":      {tenant, asserting(jwt.MapClaims{"aud": []string{"x", "api://AzureADTokenExchange"}}), 0},
		"a wrong secret":         {tenant, url.Values{"client_secret": {"s4"}}, 7000215},
		"nothing":                {tenant, url.Values{}, 7000218},
		"no such tenant":         {"t-9", asserting(nil), 90002},
		"no such application":    {tenant, url.Values{"client_id": {"c-9"}}, 700016},
		"another grant":          {tenant, url.Values{"grant_type": {"password"}}, 70003},
		"another scope":          {tenant, url.Values{"scope": {"https://vault.azure.net/read"}}, 1002012},
		"another issuer":         {tenant, asserting(jwt.MapClaims{"iss": "https://mallory.example"}), 700211},
		"another subject":        {tenant, asserting(jwt.MapClaims{"sub": "repo:mallory/api"}), 700213},
		"another audience":       {tenant, asserting(jwt.MapClaims{"aud": "x"}), 700212},
		"another signature":      {tenant, foreign, 700027},
		"a token of yesterday":   {tenant, asserting(jwt.MapClaims{"exp": now.Add(-time.Hour).Unix()}), 700024},
		"a token of tomorrow":    {tenant, asserting(jwt.MapClaims{"nbf": now.Add(time.Hour).Unix()}), 700024},
		"a token without an end": {tenant, asserting(jwt.MapClaims{"exp": nil}), 700024},
		"no token":               {tenant, url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {"x.y.z"}}, 50027},
	} {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client}, "scope": {"https://vault.azure.net/.default openid"}}
		for field, values := range test.form {
			form[field] = values
		}
		got := s.grant(test.tenant, form)
		codes, _ := got.at("error_codes").([]any)
		switch {
		case test.code == 0 && (got.status != http.StatusOK || got.at("access_token") == nil || got.at("token_type") != "Bearer"):
			t.Errorf("%s: %d %v", name, got.status, got.body)
		case test.code != 0 && (got.status < 400 || len(codes) != 1 || codes[0] != test.code):
			t.Errorf("%s: %d %v", name, got.status, got.body)
		}
	}
	// What was given is known, and for what.
	tokens := s.entra.Tokens()
	if last := tokens[len(tokens)-1]; len(tokens) != 4 || last.Resource != azure.Resource || last.Client != client || last.Tenant != tenant {
		t.Errorf("tokens: %d", len(tokens))
	}
	s.entra.RevokeAll()
	if len(s.entra.Tokens()) != 0 {
		t.Error("tokens outlive their revocation")
	}
}

func TestDiscovery(t *testing.T) {
	s := newStage(t)
	s.entra.AddApplication(azure.Application{Tenant: tenant, Client: client})
	get := func(path string) answer {
		return s.do(s.entra, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://login.microsoftonline.com"+path, nil))
	}
	if got := get("/" + tenant + "/v2.0/.well-known/openid-configuration"); got.at("token_endpoint") != authority+"/"+tenant+"/oauth2/v2.0/token" || got.at("issuer") != authority+"/"+tenant+"/v2.0" {
		t.Errorf("%d %v", got.status, got.body)
	}
	if got := get("/t-9/v2.0/.well-known/openid-configuration"); got.status != http.StatusBadRequest || got.at("error") != "invalid_tenant" {
		t.Errorf("%d %v", got.status, got.body)
	}
	if got := get("/" + tenant + "/oauth2/v2.0/token"); got.status != http.StatusNotFound {
		t.Errorf("%d", got.status)
	}
}

func TestMetadata(t *testing.T) {
	s := newStage(t)
	s.entra.AddMachine(azure.Machine{Tenant: tenant, Client: "own", Own: true})
	s.entra.AddMachine(azure.Machine{Tenant: tenant, Client: "other"})
	for query, want := range map[string]string{
		"api-version=2018-02-01&resource=https://vault.azure.net":                  "own",
		"api-version=2018-02-01&resource=https://vault.azure.net/&client_id=other": "other",
		"api-version=2018-02-01&resource=https://vault.azure.net&client_id=none":   "",
		"api-version=2018-02-01": "", "resource=https://vault.azure.net": "",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://169.254.169.254/metadata/identity/oauth2/token?"+query, nil)
		if got := s.do(s.entra, r); got.status != http.StatusBadRequest {
			t.Errorf("without the header: %d", got.status)
		}
		r.Header.Set("Metadata", "true")
		got := s.do(s.entra, r)
		if client, _ := got.at("client_id").(string); client != want || (got.status == http.StatusOK) != (want != "") {
			t.Errorf("%s: %d %v", query, got.status, got.body)
		}
		if want != "" && (got.at("resource") != azure.Resource || got.at("expires_in") != "3600") {
			t.Errorf("%s: %v", query, got.body)
		}
	}
}
