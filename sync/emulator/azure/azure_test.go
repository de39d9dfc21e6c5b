package azure_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/emulator/azure"
)

const (
	tenant    = "t-1"
	client    = "c-1"
	authority = "https://login.microsoftonline.com"
)

var key = sync.OnceValue(func() *rsa.PrivateKey {
	made, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return made
})

// A stage is a vault and its Entra, at a time of its own.
type stage struct {
	t     *testing.T
	entra *azure.Entra
	vault *azure.Vault
	token string // of a client that may everything
}

func newStage(t *testing.T) *stage {
	t.Helper()
	clock := &azure.Clock{}
	clock.Set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	s := &stage{t: t, entra: azure.NewEntra(azure.Options{Clock: clock})}
	s.vault = azure.NewVault(s.entra, authority, tenant, azure.Options{Clock: clock})
	s.vault.Grant(client, "get", "list", "set", "delete", "purge")
	s.token = s.entra.Issue(tenant, client).Value
	return s
}

// An answer is a status and its JSON.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

// at looks a path of keys up; nil where there is none.
func (a answer) at(path string) any {
	var value any = a.body
	for name := range strings.SplitSeq(path, ".") {
		inner, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = inner[name]
	}
	return value
}

func (s *stage) do(h http.Handler, r *http.Request) answer {
	s.t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header()}
	if w.Body.Len() > 0 && json.Unmarshal(w.Body.Bytes(), &a.body) != nil {
		s.t.Fatalf("%s %s: %d, no JSON", r.Method, r.URL, w.Code)
	}
	return a
}

// ask sends a request to the vault with the token.
func (s *stage) ask(method, path, body string) answer {
	s.t.Helper()
	if !strings.Contains(path, "?") {
		path += "?api-version=7.4"
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, "https://acme.vault.azure.net"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.token)
	return s.do(s.vault, r)
}

// grant asks for a token.
func (s *stage) grant(tenant string, form url.Values) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, "https://login.microsoftonline.com/"+tenant+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(s.entra, r)
}

// assertion signs what a job says.
func (s *stage) assertion(claims jwt.MapClaims) string {
	s.t.Helper()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key())
	if err != nil {
		s.t.Fatal(err)
	}
	return signed
}
