package azure_test

import (
	"cmp"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/keyplumb/keyplumb/sync/source/azure"
)

// hosts answers for hosts by their real names, without a network: time can
// stand still, and what a name means is tested.
type hosts struct {
	handlers map[string]http.Handler

	mu    sync.Mutex
	asked map[string]int
}

func (h *hosts) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	h.mu.Lock()
	h.asked[r.URL.Host]++
	h.mu.Unlock()
	handler := h.handlers[r.URL.Host]
	if handler == nil {
		return nil, io.ErrUnexpectedEOF
	}
	defer func() {
		if cut := recover(); cut != nil {
			resp, err = nil, cmp.Or(r.Context().Err(), io.ErrUnexpectedEOF)
		}
	}()
	recorded := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody // as a server has it
	}
	r.Host = r.URL.Host
	if r.URL.Scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	handler.ServeHTTP(recorded, r)
	resp = recorded.Result()
	resp.Request = r
	return resp, nil
}

const (
	realVault = "acme.vault.azure.net"
	realEntra = "login.microsoftonline.com"
	realIMDS  = "169.254.169.254"
)

// inMemory is a vault of the public cloud, with the Entra that it believes.
func inMemory(t *testing.T) (*server, *hosts) {
	t.Helper()
	s := parts("https://" + realEntra)
	return s, &hosts{asked: map[string]int{}, handlers: map[string]http.Handler{realVault: s.Vault, realEntra: s.entra}}
}

// real are the options of a job, with nothing said that has a default.
func (s *server) real(h *hosts) azure.Options {
	return azure.Options{Address: "https://" + realVault, Next: h, UserAgent: "keyplumb",
		Auth: azure.Auth{Method: azure.OIDC, Tenant: tenant, Client: client, Identity: s.identity}}
}
