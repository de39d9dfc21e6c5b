package gcp

import (
	"net/http"
	"strings"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// route finds who answers a request, by its path.
func (s *Server) route(x *harness.Exchange) (any, error) {
	r := x.Request
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/computeMetadata/"):
		return s.metadata(x)
	case r.Method == http.MethodPost && path == "/v1/token":
		return s.exchange(x)
	case r.Method == http.MethodPost && path == "/token":
		return s.oauthToken(x)
	case r.Method == http.MethodPost && strings.HasPrefix(path, "/v1/projects/-/serviceAccounts/"):
		return s.generateAccessToken(x)
	}
	return s.manager(x)
}

// SetMachine has the metadata server give tokens of a service account; "" has
// it not be there.
func (s *Server) SetMachine(email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.machine = email
}

// metadata answers as a machine's metadata server, which wants a header that no
// browser sends. https://cloud.google.com/compute/docs/metadata/querying-metadata
func (s *Server) metadata(x *harness.Exchange) (any, error) {
	if s.machine == "" {
		return nil, &failure{http.StatusNotFound, "not found"}
	}
	x.Header().Set("Metadata-Flavor", "Google")
	if x.Request.Header.Get("Metadata-Flavor") != "Google" {
		return nil, &failure{http.StatusForbidden, "Missing required header: Metadata-Flavor"}
	}
	if x.Request.Method != http.MethodGet || x.Request.URL.Path != "/computeMetadata/v1/instance/service-accounts/default/token" {
		return nil, &failure{http.StatusNotFound, "not found"}
	}
	return map[string]any{"access_token": s.issue(life, "serviceAccount:"+s.machine), "expires_in": int(life.Seconds()) - 1, "token_type": "Bearer"}, nil
}
