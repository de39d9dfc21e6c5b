package main

import (
	"crypto/rsa"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
)

// An azureStage is a stage whose secrets are in an emulated Key Vault. Its job
// is that of a vaultStage: the token that the CI system gives it is what the
// application's federated credential trusts.
type azureStage struct {
	*vaultStage
	keys  *emulator.Vault
	entra *emulator.Entra
	url   string // of the vault
	login string // of Entra
}

const (
	azureTenant = "11111111-aaaa-bbbb-cccc-000000000001"
	azureClient = "22222222-aaaa-bbbb-cccc-000000000002"
)

// azurePolicy has one secret that is a value, and one that is an object of two.
const azurePolicy = `package keyplumb

environments: {
	dev: tier:  "development"
	prod: tier: "production"
}
sources: azure: {kind: "azure", address: "VAULT", path: "{env}-api", auth: {tenant: "TENANT", role: "CLIENT"}}
targets: api: {kind: "github", repository: "acme/api"}
secrets: {
	FIRST: {owner: "a", in: [Env=_]: from: path: "\(Env)-first"}
	SECOND: {owner: "a", in: [_]: from: field: "SECOND"}
	PLAIN: {owner: "a", sensitive: false, in: [_]: from: field: "PLAIN"}
}
`

// inAzure moves a stage's secrets to a Key Vault, and has it run in a job of
// GitHub Actions.
func inAzure(s *stage) *azureStage {
	s.t.Helper()
	v := inVault(s, "both")
	clock := s.github.Clock()
	a := &azureStage{vaultStage: v, entra: emulator.NewEntra(emulator.Options{Clock: clock})}
	entra := listenTLS(s.t, a.entra)
	a.login = entra.url
	a.keys = emulator.NewVault(a.entra, a.login, azureTenant, emulator.Options{Clock: clock})
	vault := listenTLS(s.t, a.keys)
	a.url = vault.url
	a.trust(emulator.Federated{Issuer: v.claims["iss"].(string), Subject: v.claims["sub"].(string)})
	a.keys.Grant(azureClient, "get", "list")
	for _, environment := range []string{"dev", "prod"} {
		a.put(environment, values(environment, "one"))
	}
	s.write("roots.pem", string(entra.roots)+string(vault.roots))
	for name, value := range map[string]string{
		"AZURE_KEYVAULT_URL": a.url, "AZURE_AUTHORITY_HOST": a.login + "/", "SSL_CERT_FILE": filepath.Join(s.dir, "roots.pem"), "VAULT_ADDR": "",
	} {
		s.setenv(name, value)
	}
	s.write("keyplumb.cue", a.policyText(azurePolicy))
	return a
}

// policyText fills the stage's own names into a policy.
func (a *azureStage) policyText(policy string) string {
	return strings.NewReplacer("VAULT", a.url, "TENANT", azureTenant, "CLIENT", azureClient).Replace(policy)
}

// trust replaces the application's federated credential.
func (a *azureStage) trust(f emulator.Federated) {
	f.Keys = []*rsa.PublicKey{&jobKey().PublicKey}
	a.entra.AddApplication(emulator.Application{Tenant: azureTenant, Client: azureClient, Federated: []emulator.Federated{f}})
}

func (a *azureStage) put(environment string, values map[string]string) {
	object, err := json.Marshal(map[string]string{"SECOND": values["SECOND"], "PLAIN": values["PLAIN"]})
	if err != nil {
		a.t.Fatal(err)
	}
	a.keys.Set(environment+"-first", values["FIRST"], emulator.Properties{})
	a.keys.Set(environment+"-api", string(object), emulator.Properties{ContentType: "application/json"})
}

// asked counts the requests, by method and path.
func (a *azureStage) asked() map[string]int {
	got := map[string]int{}
	for _, r := range append(a.keys.Requests(), a.entra.Requests()...) {
		got[r.Method+" "+r.Path]++
	}
	return got
}

// fault has requests of the vault, or of Entra, go wrong.
func (a *azureStage) fault(method, path string, effect emulator.Effect) {
	at := emulator.Fault{When: emulator.On(method, path), Effect: effect}
	a.keys.Inject(at)
	a.entra.Inject(at)
}

// unsyncedAzure is for a first sync.
func unsyncedAzure(t *testing.T) *azureStage {
	t.Helper()
	return inAzure(newStage(t))
}
