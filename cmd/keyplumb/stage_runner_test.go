package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A jobRunner is the service of GitHub's runner that gives a job its token.
type jobRunner struct {
	runner *httptest.Server
	now    func() time.Time   // by which the tokens are dated
	claims jwt.MapClaims      // of the job's token, besides its audience and its times
	bearer string             // what the runner wants of who asks for the job's token
	told   func(token string) // of each token that the job is given; may be nil
	mu     sync.Mutex
}

// jobKey signs the tokens of jobs.
var jobKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// newJobRunner starts the service for jobs of acme/api in an environment of
// GitHub.
func newJobRunner(t testing.TB, environment string, now func() time.Time) *jobRunner {
	t.Helper()
	j := &jobRunner{now: now, bearer: rand.Text(), claims: jwt.MapClaims{
		"iss": "https://token.actions.githubusercontent.com", "repository": "acme/api", "environment": environment, "sub": "repo:acme/api:environment:" + environment,
	}}
	j.runner = httptest.NewServer(http.HandlerFunc(j.serveToken))
	t.Cleanup(j.runner.Close)
	return j
}

// jobEnviron is what a job of GitHub Actions finds.
func (j *jobRunner) jobEnviron() map[string]string {
	return map[string]string{
		"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY": "acme/api",
		"ACTIONS_ID_TOKEN_REQUEST_URL": j.runner.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": j.bearer,
	}
}

// serveToken answers as the runner's service does.
// https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
func (j *jobRunner) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+j.bearer || r.URL.Path != "/token" || r.URL.Query().Get("api-version") != "2.0" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"count": 1, "value": j.jobToken(r.URL.Query().Get("audience"))}) // to a buffer
}

// claim changes a claim of the job's tokens. A token may be on its way.
func (j *jobRunner) claim(name string, value any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.claims[name] = value
}

// jobToken gives a token of the job for an audience.
func (j *jobRunner) jobToken(audience string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.now()
	claims := jwt.MapClaims{"aud": audience, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	for name, value := range j.claims {
		claims[name] = value
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(jobKey())
	if err != nil {
		panic(err)
	}
	if j.told != nil {
		j.told(signed)
	}
	return signed
}
