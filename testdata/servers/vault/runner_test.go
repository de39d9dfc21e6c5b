package vault_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// A runner is what GitHub's runner and GitHub's issuer are to a job: a service
// that makes tokens for the job's own repository, for any audience, and the key
// set that says who signed them.
// https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
type runner struct {
	*signer
	url        string
	repository string
	bearer     string // what the job asks with

	mu        sync.Mutex
	audiences []string // of the tokens that were made
}

func startRunner(t *testing.T, repository string) *runner {
	t.Helper()
	r := &runner{signer: newSigner(t, ""), repository: repository, bearer: "bearer-of-the-job"}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, r.keySet()) })
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, asked *http.Request) {
		if asked.Header.Get("Authorization") != "Bearer "+r.bearer || asked.URL.Query().Get("api-version") != "2.0" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		audience := asked.URL.Query().Get("audience")
		r.mu.Lock()
		r.audiences = append(r.audiences, audience)
		r.mu.Unlock()
		answerJSON(w, fields{"count": 1, "value": r.sign(r.claims(r.repository, audience))})
	})
	served := httptest.NewServer(mux)
	t.Cleanup(served.Close)
	r.url, r.issuer = served.URL, served.URL
	return r
}

// environ is what the runner tells a job in its environment.
func (r *runner) environ() []string {
	return []string{
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + r.url + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + r.bearer,
	}
}

func answerJSON(w http.ResponseWriter, body fields) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // who hung up needs no answer
}

// trust has the real Vault take tokens of the runner, by its key set, for the
// role ci-prod: bound to this Vault's own address as audience, and to a
// repository.
func (v *server) trust(r *runner, repository string) {
	v.t.Helper()
	v.admin("POST", "sys/auth/jwt", fields{"type": "jwt"})
	v.admin("POST", "auth/jwt/config", fields{"jwks_url": r.url + "/.well-known/jwks", "bound_issuer": r.issuer})
	v.admin("POST", "auth/jwt/role/ci-prod", fields{
		"role_type": "jwt", "user_claim": "sub", "bound_audiences": []string{v.address},
		"bound_claims":   fields{"repository": repository, "sub": "repo:" + repository + ":environment:prod"},
		"token_policies": []string{"prod"}, "token_ttl": "10m",
	})
}
