package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
)

// A vaultStage is a stage whose secrets are in an emulated vault. Its jobs log
// in with the token that the CI system gives them, with a role for each
// environment that is bound to it.
type vaultStage struct {
	*stage
	vault  *emulator.Server
	url    string // of the vault
	runner *httptest.Server
	claims jwt.MapClaims      // of the job's token, besides its audience and its times
	bearer string             // what the runner wants of who asks for the job's token
	told   func(token string) // of each token that the job is given; may be nil
	mu     sync.Mutex
}

const vaultSource = `sources: vault: {kind: "vault", mount: "kv", path: "{env}/api", auth: {method: "jwt", role: "ci-{env}"}}`

// toVault puts the source of a policy into the vault.
func toVault(policy string) string {
	return strings.Replace(policy, `sources: files: {kind: "sops", path: "secrets.{env}.yaml"}`, vaultSource, 1)
}

// jobKey signs the tokens of jobs.
var jobKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// inVault moves a stage's secrets to a vault, and has it run in a job of GitHub
// Actions, in the given environment of it; "" for none.
func inVault(s *stage, environment string) *vaultStage {
	s.t.Helper()
	v := &vaultStage{stage: s, vault: emulator.New(emulator.Options{Clock: s.github.Clock()}), bearer: rand.Text()}
	v.claims = jwt.MapClaims{"iss": "https://token.actions.githubusercontent.com", "repository": "acme/api", "environment": environment, "sub": "repo:acme/api:environment:" + environment}
	listening := httptest.NewServer(v.vault)
	s.t.Cleanup(listening.Close)
	v.url = listening.URL
	v.vault.AddMount("kv", 2)
	v.vault.AddJWT("jwt", emulator.JWT{Keys: []*rsa.PublicKey{&jobKey().PublicKey}, Issuer: "https://token.actions.githubusercontent.com"})
	for _, environment := range []string{"dev", "prod"} {
		v.vault.AddPolicy("read-"+environment, emulator.Allow("kv/data/"+environment+"/*", "read"))
		v.vault.AddJWTRole("jwt", emulator.JWTRole{Name: "ci-" + environment, BoundAudiences: []string{v.url}, Policies: []string{"read-" + environment}, TTL: 5 * time.Minute,
			BoundClaims: map[string][]string{"repository": {"acme/api"}, "environment": {environment, "both"}}})
		v.put(environment, values(environment, "one"))
	}
	v.runner = httptest.NewServer(http.HandlerFunc(v.serveToken))
	s.t.Cleanup(v.runner.Close)
	for name, value := range map[string]string{
		"VAULT_ADDR": v.url, "SOPS_AGE_KEY": "",
		"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY": "acme/api",
		"ACTIONS_ID_TOKEN_REQUEST_URL": v.runner.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": v.bearer,
	} {
		s.setenv(name, value)
	}
	s.write("keyplumb.cue", toVault(stagePolicy))
	return v
}

func (v *vaultStage) put(environment string, values map[string]string) {
	fields := map[string]any{}
	for name, value := range values {
		fields[name] = value
	}
	v.vault.Put("kv", environment+"/api", fields)
}

// serveToken answers as the runner's service does.
// https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
func (v *vaultStage) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+v.bearer || r.URL.Path != "/token" || r.URL.Query().Get("api-version") != "2.0" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"count": 1, "value": v.jobToken(r.URL.Query().Get("audience"))}) // to a buffer
}

// jobToken gives a token of the job for an audience.
func (v *vaultStage) jobToken(audience string) string {
	now := v.vault.Clock().Now()
	claims := jwt.MapClaims{"aud": audience, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	for name, value := range v.claims {
		claims[name] = value
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(jobKey())
	if err != nil {
		panic(err)
	}
	if v.told != nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.told(signed)
	}
	return signed
}

// asked counts the vault's requests, by method and path.
func (v *vaultStage) asked() map[string]int {
	got := map[string]int{}
	for _, r := range v.vault.Requests() {
		got[r.Method+" "+r.Path]++
	}
	return got
}

// unsyncedVault is for a first sync of a job that may have both environments.
func unsyncedVault(t *testing.T) *vaultStage {
	t.Helper()
	return inVault(newStage(t), "both")
}
