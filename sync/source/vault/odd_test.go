package vault_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestBelowAPath: a vault may lie below a path of a host that it shares.
func TestBelowAPath(t *testing.T) {
	s := newServer(t, 2)
	s.Put("kv", "dev/api", map[string]any{"KEY": "value"})
	shared := http.NewServeMux()
	shared.Handle("/secrets/", http.StripPrefix("/secrets", s))
	listening := httptest.NewServer(shared)
	t.Cleanup(listening.Close)
	for _, address := range []string{listening.URL + "/secrets", listening.URL + "/secrets/"} {
		o := s.options()
		o.Address = address
		wanted{ref: store.Reference{Path: "dev/api", Field: "KEY"}, value: "value"}.check(t, open(t, o))
	}
}

// TestOddLogins are answers to a login that are none of an emulated vault's.
func TestOddLogins(t *testing.T) {
	for name, test := range map[string]struct {
		auth    string
		revoked bool
		kind    error
		says    string
	}{
		"a service token": {auth: `{"client_token": "hvs.CAES", "token_type": "service"}`, revoked: true},
		"of OpenBao":      {auth: `{"client_token": "s.abc", "token_type": "service"}`, revoked: true},
		"a batch token":   {auth: `{"client_token": "hvb.AAAA", "token_type": "batch"}`},
		"a second factor": {auth: `{"client_token": "", "mfa_requirement": {"mfa_request_id": "1"}}`, kind: store.ErrUnauthentic, says: "second factor"},
		"no token":        {auth: `{"client_token": ""}`, kind: store.ErrUnavailable, says: "could not be read"},
		"two rows":        {auth: `{"client_token": "a\r\nX-Other: b"}`, kind: store.ErrUnavailable, says: "could not be read"},
		"null":            {auth: `null`, kind: store.ErrUnavailable, says: "could not be read"},
	} {
		t.Run(name, func(t *testing.T) {
			revoked := false
			listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.Method + " " + r.URL.Path {
				case "POST /v1/auth/approle/login":
					fmt.Fprintf(w, `{"auth": %s}`, test.auth)
				case "GET /v1/kv/data/api":
					_, _ = io.WriteString(w, `{"data": {"data": {"KEY": "value"}, "metadata": {"version": 1}}}`) // a test's server
				case "POST /v1/auth/token/revoke-self":
					revoked = strings.Contains(test.auth, `"`+r.Header.Get("X-Vault-Token")+`"`)
					w.WriteHeader(http.StatusNoContent)
				default:
					w.WriteHeader(http.StatusTeapot)
				}
			}))
			t.Cleanup(listening.Close)
			source := open(t, vault.Options{Address: listening.URL, Mount: "kv", KV: 2, Auth: vault.Auth{Method: vault.AppRole, RoleID: secretOf("role")}})
			got := readOne(t.Context(), t, source, store.Reference{Path: "api", Field: "KEY"})
			if text := fmt.Sprint(got.Err); test.kind != nil && !strings.Contains(text, test.says) || test.kind == nil && got.Err != nil {
				t.Errorf("%s; want %v, saying %q", text, test.kind, test.says)
			}
			if err := source.Close(t.Context()); err != nil || revoked != test.revoked {
				t.Errorf("%v; revoked: %v, want %v", err, revoked, test.revoked)
			}
		})
	}
}
