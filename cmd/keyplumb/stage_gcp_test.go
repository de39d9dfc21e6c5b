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

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
)

// A gcpStage is a stage whose secrets are in an emulated Secret Manager, a
// project for each environment. Its jobs log in by a workload identity pool that
// takes the jobs of acme/api, and become the service account of an environment.
type gcpStage struct {
	*stage
	google *emulator.Server
	url    string // of the API
	sts    string // of the token service: another host
	iam    string // where one becomes a service account: a third one
	runner *httptest.Server
	claims jwt.MapClaims      // of the job's token, besides its audience and its times
	bearer string             // what the runner wants of who asks for the job's token
	told   func(token string) // of each token that the job is given; may be nil
	mu     sync.Mutex
}

const (
	gcpProvider = "projects/1234567890/locations/global/workloadIdentityPools/ci-pool/providers/github"
	gcpSource   = `sources: gcp: {kind: "gcp", project: "acme-{env}", auth: {provider: "` + gcpProvider + `", role: "ci@acme-{env}.iam.gserviceaccount.com"}}`
	gcpIssuer   = "https://token.actions.githubusercontent.com"
)

// toGCP puts the source of a policy into Secret Manager.
func toGCP(policy string) string {
	return strings.Replace(policy, `sources: files: {kind: "sops", path: "secrets.{env}.yaml"}`, gcpSource, 1)
}

// inGCP moves a stage's secrets to Secret Manager, and has it run in a job of
// GitHub Actions. The emulator's clock is the machine's: whoever gets a token
// looks at when it ends.
func inGCP(s *stage) *gcpStage {
	s.t.Helper()
	g := &gcpStage{stage: s, google: emulator.New(emulator.Options{}), bearer: rand.Text()}
	g.claims = jwt.MapClaims{"iss": gcpIssuer, "repository": "acme/api", "ref": "refs/heads/main", "sub": "repo:acme/api:ref:refs/heads/main"}
	for _, url := range []*string{&g.url, &g.sts, &g.iam} {
		*url = g.listens(g.google)
	}
	g.google.AddProvider(gcpProvider, emulator.Provider{Keys: []*rsa.PublicKey{&jobKey().PublicKey}, Issuer: gcpIssuer,
		Attributes: map[string]string{"attribute.repository": "repository"}, Condition: map[string]string{"ref": "refs/heads/main"}})
	for _, environment := range []string{"dev", "prod"} {
		account := "ci@acme-" + environment + ".iam.gserviceaccount.com"
		g.google.AddAccount(account, nil)
		g.google.Grant("principalSet://iam.googleapis.com/projects/1234567890/locations/global/workloadIdentityPools/ci-pool/attribute.repository/acme/api", emulator.WorkloadUser, account)
		g.google.Grant("serviceAccount:"+account, emulator.Accessor, "projects/acme-"+environment)
		for name, value := range values(environment, "one") {
			g.google.Put(secretOf(environment, name), []byte(value))
		}
	}
	g.runner = httptest.NewServer(http.HandlerFunc(g.serveToken))
	s.t.Cleanup(g.runner.Close)
	for name, value := range map[string]string{
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": g.url + "/", "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS": g.sts, "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS": g.iam,
		"SOPS_AGE_KEY": "", "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY": "acme/api",
		"ACTIONS_ID_TOKEN_REQUEST_URL": g.runner.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": g.bearer,
	} {
		s.setenv(name, value)
	}
	s.write("keyplumb.cue", toGCP(stagePolicy))
	return g
}

func secretOf(environment, name string) string {
	return "projects/acme-" + environment + "/secrets/" + name
}

// listens lets an emulator be another host.
func (g *gcpStage) listens(h http.Handler) string {
	listening := httptest.NewServer(h)
	g.t.Cleanup(listening.Close)
	return listening.URL
}

// serveToken answers as the runner's service does.
// https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
func (g *gcpStage) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+g.bearer || r.URL.Path != "/token" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"count": 1, "value": g.jobToken(r.URL.Query().Get("audience"))}) // to a buffer
}

// claim changes a claim of the job's tokens. A token may be on its way.
func (g *gcpStage) claim(name string, value any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.claims[name] = value
}

// jobToken gives a token of the job for an audience.
func (g *gcpStage) jobToken(audience string) string {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	claims := jwt.MapClaims{"aud": audience, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	for name, value := range g.claims {
		claims[name] = value
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(jobKey())
	if err != nil {
		panic(err)
	}
	if g.told != nil {
		g.told(signed)
	}
	return signed
}

// asked counts Google's requests, by method and path.
func (g *gcpStage) asked() map[string]int {
	got := map[string]int{}
	for _, r := range g.google.Requests() {
		got[r.Method+" "+r.Path]++
	}
	return got
}

// source changes one text in the policy.
func (g *gcpStage) source(before, after string) {
	g.t.Helper()
	g.edit("keyplumb.cue", func(text string) string { return swap(text, before, after) })
}

func (g *gcpStage) fault(method, path string, effect emulator.Effect) {
	g.google.Inject(emulator.Fault{When: emulator.On(method, path), Effect: effect})
}

// unsyncedGCP is for a first sync of a job.
func unsyncedGCP(t *testing.T) *gcpStage {
	t.Helper()
	return inGCP(newStage(t))
}
