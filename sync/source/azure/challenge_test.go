package azure_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestChallenge: a server cannot choose what the token opens, nor who is asked
// for one; and nothing that it says brings keyplumb down.
func TestChallenge(t *testing.T) {
	entra := "https://" + realEntra + "/"
	for name, test := range map[string]struct {
		challenge string
		kind      error
		says      string
		logins    bool
	}{
		"as it is":               {`Bearer authorization="` + entra + tenant + `", resource="https://vault.azure.net"`, nil, "", true},
		"with a scope":           {`Bearer authorization="` + entra + tenant + `" scope="https://vault.azure.net/.default"`, nil, "", true},
		"another authority":      {`Bearer authorization="https://mallory.example/` + tenant + `", resource="https://vault.azure.net"`, nil, "", true},
		"another tenant":         {`Bearer authorization="` + entra + `99999999-aaaa-bbbb-cccc-000000000009", resource="https://vault.azure.net"`, nil, "", true},
		"another resource":       {`Bearer authorization="` + entra + tenant + `", resource="https://management.azure.com"`, store.ErrDenied, "something else than https://vault.azure.net", false},
		"another cloud":          {`Bearer authorization="` + entra + tenant + `", resource="https://vault.azure.cn"`, store.ErrDenied, "something else", false},
		"a part of it":           {`Bearer authorization="` + entra + tenant + `", resource="https://net"`, store.ErrDenied, "something else", false},
		"an authority of no use": {`Bearer authorization="https:", resource="https://vault.azure.net"`, store.ErrUnauthentic, "does not take", false},
		"no authority":           {`Bearer resource="https://vault.azure.net"`, store.ErrUnauthentic, "does not take", false},
		"no resource":            {`Bearer authorization="` + entra + tenant + `"`, store.ErrUnauthentic, "does not take", false},
		"another scheme":         {`Basic realm="x"`, store.ErrUnauthentic, "does not take", false},
		"claims that are none":   {`Bearer error="insufficient_claims", claims="{}"`, store.ErrUnauthentic, "does not take", false},
		"nothing":                {"", store.ErrUnauthentic, "does not take", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, h := inMemory(t)
			s.Set("api", "value", emulator.Properties{})
			h.handlers[realVault] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "" {
					s.Vault.ServeHTTP(w, r)
					return
				}
				w.Header().Set("WWW-Authenticate", test.challenge)
				w.WriteHeader(http.StatusUnauthorized)
			})
			got := readOne(t.Context(), t, open(t, s.real(h)), store.Reference{Path: "api"})
			if text := fmt.Sprint(got.Err); test.kind == nil && got.Err != nil || !errors.Is(got.Err, test.kind) || !strings.Contains(text, test.says) {
				t.Errorf("%s, want %v", text, test.kind)
			}
			if logins := len(s.entra.Tokens()) > 0; logins != test.logins {
				t.Errorf("logged in: %v, want %v", logins, test.logins)
			}
			for _, token := range s.entra.Tokens() {
				if token.Tenant != tenant || token.Resource != emulator.Resource {
					t.Errorf("a token of %s for %s", token.Tenant, token.Resource)
				}
			}
			if hosts := slices.Collect(maps.Keys(h.asked)); len(hosts) > 2 || h.asked["mallory.example"] > 0 {
				t.Errorf("asked %v", hosts)
			}
		})
	}
}

// TestClaims: a token may have to be made anew, with claims that the authority
// checks; the claims come from the vault and go to the authority.
func TestClaims(t *testing.T) {
	s, h := inMemory(t)
	s.Set("api", "value", emulator.Properties{})
	var claimed []string
	h.handlers[realEntra] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if form, err := url.ParseQuery(string(body)); err == nil && r.Method == http.MethodPost {
			claimed = append(claimed, form.Get("claims"))
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.entra.ServeHTTP(w, r)
	})
	asked := 0
	h.handlers[realVault] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 2 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.Vault.ServeHTTP(w, r)
	})
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, open(t, s.real(h)))
	if len(claimed) != 2 || strings.Contains(claimed[0], "access_token\":{}") || !strings.Contains(claimed[1], "access_token") {
		t.Errorf("claimed %q", claimed)
	}
}

// TestDiscoveryElsewhere: Entra's own document may not send the job's token to
// another host.
func TestDiscoveryElsewhere(t *testing.T) {
	s, h := inMemory(t)
	h.handlers[realEntra] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		base := "https://mallory.example/" + tenant
		_, _ = fmt.Fprintf(w, `{"issuer":"https://%s/%s/v2.0","token_endpoint":"%s/token","authorization_endpoint":"%s/authorize"}`, realEntra, tenant, base, base)
	})
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrDenied, says: "a host that is neither the authority"}.check(t, open(t, s.real(h)))
	if h.asked["mallory.example"] != 0 {
		t.Errorf("asked %v", h.asked)
	}
}

// TestNextPageElsewhere: the rest of a list lies at the same host, or nowhere.
func TestNextPageElsewhere(t *testing.T) {
	s, h := inMemory(t)
	h.handlers["mallory.example"] = s.Vault
	h.handlers[realVault] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			s.Vault.ServeHTTP(w, r)
			return
		}
		_, _ = fmt.Fprint(w, `{"value":[],"nextLink":"https://mallory.example/secrets/api/versions?api-version=7.4"}`)
	})
	wanted{ref: store.Reference{Path: "api", Version: "previous"}, kind: store.ErrDenied, says: "another host"}.check(t, open(t, s.real(h)))
	if h.asked["mallory.example"] != 0 {
		t.Errorf("asked %v", h.asked)
	}
}

// TestPagesWithoutEnd: a list that goes on for ever is given up.
func TestPagesWithoutEnd(t *testing.T) {
	s, h := inMemory(t)
	h.handlers[realVault] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			s.Vault.ServeHTTP(w, r)
			return
		}
		_, _ = fmt.Fprintf(w, `{"value":[],"nextLink":"https://%s/secrets/api/versions?api-version=7.4"}`, realVault)
	})
	wanted{ref: store.Reference{Path: "api", Version: "previous"}, kind: store.ErrUnavailable, says: "could not be read"}.check(t, open(t, s.real(h)))
}
