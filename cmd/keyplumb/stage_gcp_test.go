package main

import (
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"strings"
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
	*jobRunner
	google *emulator.Server
	url    string // of the API
	sts    string // of the token service: another host
	iam    string // where one becomes a service account: a third one
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
	g := &gcpStage{stage: s, google: emulator.New(emulator.Options{}), jobRunner: newJobRunner(s.t, "", time.Now)}
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
	for name, value := range g.jobEnviron() {
		s.setenv(name, value)
	}
	for name, value := range map[string]string{
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": g.url + "/", "CLOUDSDK_API_ENDPOINT_OVERRIDES_STS": g.sts, "CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS": g.iam,
		"SOPS_AGE_KEY": "",
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
