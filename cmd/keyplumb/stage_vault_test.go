package main

import (
	"crypto/rsa"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
)

// A vaultStage is a stage whose secrets are in an emulated vault. Its jobs log
// in with the token that the CI system gives them, with a role for each
// environment that is bound to it.
type vaultStage struct {
	*stage
	*jobRunner
	vault *emulator.Server
	url   string // of the vault
}

const vaultSource = `sources: vault: {kind: "vault", mount: "kv", path: "{env}/api", auth: {method: "jwt", role: "ci-{env}"}}`

// toVault puts the source of a policy into the vault.
func toVault(policy string) string {
	return strings.Replace(policy, `sources: files: {kind: "sops", path: "secrets.{env}.yaml"}`, vaultSource, 1)
}

// inVault moves a stage's secrets to a vault, and has it run in a job of GitHub
// Actions, in the given environment of it; "" for none.
func inVault(s *stage, environment string) *vaultStage {
	s.t.Helper()
	v := &vaultStage{stage: s, vault: emulator.New(emulator.Options{Clock: s.github.Clock()})}
	v.jobRunner = newJobRunner(s.t, environment, v.vault.Clock().Now)
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
	for name, value := range v.jobEnviron() {
		s.setenv(name, value)
	}
	s.setenv("VAULT_ADDR", v.url)
	s.setenv("SOPS_AGE_KEY", "")
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
