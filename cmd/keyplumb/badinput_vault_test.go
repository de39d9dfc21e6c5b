package main

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
)

func TestBadVault(t *testing.T) {
	for _, bad := range []struct {
		badInput
		spoil func(*vaultStage)
	}{
		{badInput{name: "no identity", code: exitFailed, want: []string{"there is no identity token", "hint: give the job permissions: {id-token: write"}},
			func(v *vaultStage) { v.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "") }},
		{badInput{name: "an identity service that refuses", code: exitFailed, want: []string{"ask for the job's identity token ACTIONS_ID_TOKEN_REQUEST_URL: credential refused"}},
			func(v *vaultStage) { v.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "another") }},
		{badInput{name: "another repository", code: exitFailed, want: []string{`role "ci-prod" is bound to other claims than this job has`, "hint: compare the role's bound_subject and bound_claims"}},
			func(v *vaultStage) { v.claim("repository", "mallory/api") }},
		{badInput{name: "another environment", code: exitFailed, want: []string{`role "ci-prod" is bound to other claims`}},
			func(v *vaultStage) { v.claim("environment", "dev") }},
		{badInput{name: "no such role", code: exitFailed, want: []string{`there is no role "cd-prod" at auth/jwt`, "hint: is auth.role right"}},
			func(v *vaultStage) { v.source(`role: "ci-{env}"`, `role: "cd-{env}"`) }},
		{badInput{name: "a policy that denies", code: exitFailed, want: []string{"read prod/api: denied", `hint: the token's policies need: path "kv/data/prod/api" { capabilities = ["read"] }`}},
			func(v *vaultStage) { v.vault.AddPolicy("read-prod", emulator.Allow("kv/data/other/*", "read")) }},
		{badInput{name: "no such mount", code: exitFailed, want: []string{"find the mount of kw: denied: nothing is mounted there", "hint: "}},
			func(v *vaultStage) { v.source(`mount: "kv"`, `mount: "kw"`) }},
		{badInput{name: "no such secret", code: exitFindings, errors: 3, want: []string{"missing-value", "mount kv (kv version 2) has no such secret", "help: look with vault kv get"}},
			func(v *vaultStage) { v.source(`{env}/api`, `{env}/web`) }},
		{badInput{name: "no such field", code: exitFindings, want: []string{"missing-value", "no such field: FIRST", "there are: PLAIN, SECOND"}},
			func(v *vaultStage) { v.put("prod", map[string]string{"SECOND": "two", "PLAIN": "p"}) }},
		{badInput{name: "a deleted version", code: exitFindings, errors: 3, want: []string{"missing-value", "its version 1 was deleted at 2026-11-24 12:00:00 UTC", "vault kv undelete -versions=1"}},
			func(v *vaultStage) { v.vault.DeleteVersions("kv", "prod/api", 1) }},
		{badInput{name: "a destroyed version", code: exitFindings, errors: 3, want: []string{"missing-value", "its version 1 was destroyed"}},
			func(v *vaultStage) { v.vault.DestroyVersions("kv", "prod/api", 1) }},
		{badInput{name: "sealed", code: exitFailed, want: []string{"the vault is sealed", "hint: have it unsealed"}}, func(v *vaultStage) { v.vault.Seal() }},
		{badInput{name: "sealed between login and read", code: exitFailed, want: []string{"the vault is sealed"}},
			func(v *vaultStage) {
				v.vault.After(func(_ int, _, path string) {
					if path == "/auth/jwt/login" {
						v.vault.Seal()
					}
				})
			}},
		{badInput{name: "throttled for an hour", code: exitFailed, want: []string{"throttled", "hint: run keyplumb again"}},
			func(v *vaultStage) { v.fault("GET", "/kv/data/prod/api", emulator.RateLimited(3600)) }},
		{badInput{name: "nobody there", code: exitFailed, want: []string{"unavailable: no connection"}}, func(v *vaultStage) { v.setenv("VAULT_ADDR", "http://127.0.0.1:1") }},
		{badInput{name: "a certificate of nobody", code: exitFailed, want: []string{"certificate is not trusted", "VAULT_CACERT"}}, func(v *vaultStage) { v.setenv("VAULT_ADDR", listenTLS(v.t, v.vault).url) }},
		{badInput{name: "a vault that fails", code: exitFailed, want: []string{"read prod/api: unavailable (HTTP 500)"}}, func(v *vaultStage) { v.fault("GET", "/kv/data/prod/api", emulator.Refuse(500)) }},
		{badInput{name: "in maintenance", code: exitFailed, want: []string{"in maintenance (HTTP 503)"}}, func(v *vaultStage) { v.fault("GET", "/kv/data/prod/api", emulator.Echo(503)) }},
		{badInput{name: "a request that makes no sense to it", code: exitFailed, want: []string{"refused as invalid (HTTP 400)"}}, func(v *vaultStage) { v.fault("GET", "/kv/data/prod/api", emulator.Refuse(400)) }},
		{badInput{name: "a login that fails", code: exitFailed, want: []string{"/auth/jwt/login: unavailable (HTTP 500)"}}, func(v *vaultStage) { v.fault("POST", "/auth/jwt/login", emulator.Refuse(500)) }},
		{badInput{name: "a runner that fails", code: exitFailed, want: []string{"identity token ACTIONS_ID_TOKEN_REQUEST_URL: unavailable (HTTP 503)"}},
			func(v *vaultStage) {
				v.runner.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
			}},
		{badInput{name: "the vault's own", code: exitFailed, want: []string{"may be the vault's own"}}, func(v *vaultStage) { v.source(`mount: "kv"`, `mount: "auth/token", kv: 1`) }},
		{badInput{name: "half an answer", code: exitFailed, want: []string{"read prod/api: unavailable"}},
			func(v *vaultStage) { v.fault("GET", "/kv/data/prod/api", emulator.Malformed()) }},
		{badInput{name: "an answer over the cap", code: exitFailed, want: []string{"read prod/api: unavailable: answer too long"}},
			func(v *vaultStage) { v.fault("GET", "/kv/data/prod/api", emulator.Oversized(40<<20)) }},
		{badInput{name: "an expired token mid-run", code: exitFailed, want: []string{"read prod/api: credential refused", "hint: log in again"}},
			func(v *vaultStage) {
				v.vault.After(func(_ int, _, path string) {
					if strings.HasPrefix(path, "/sys/internal") {
						for _, token := range v.vault.Tokens() {
							v.vault.RevokeToken(token.Value)
						}
					}
				})
			}},
		{badInput{name: "two addresses", code: exitFailed, want: []string{"the policy and VAULT_ADDR send source vault to different addresses"}},
			func(v *vaultStage) { v.source(`kind: "vault"`, `kind: "vault", address: "https://vault.example.com"`) }},
		{badInput{name: "an address that one place alone names", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of source vault to vault.example.com", "VAULT_ADDR"}},
			func(v *vaultStage) { v.setenv("VAULT_ADDR", "https://vault.example.com") }},
		{badInput{name: "no address", code: exitFailed, want: []string{"source vault has no address", "hint: set VAULT_ADDR"}}, func(v *vaultStage) { v.setenv("VAULT_ADDR", "") }},
		{badInput{name: "clear text", code: exitFailed, want: []string{"http:// would send the credential in clear text"}},
			func(v *vaultStage) {
				v.setenv("VAULT_ADDR", "http://vault.example.com")
				v.source(`kind: "vault"`, `kind: "vault", address: "http://vault.example.com"`)
				v.edit("keyplumb.cue", func(text string) string { return text + "rules: \"plaintext-endpoint\": \"off\"\n" })
			}},
		{badInput{name: "roots that are none", code: exitFailed, want: []string{"VAULT_CACERT names holds no certificate", "hint: "}},
			func(v *vaultStage) {
				v.write("roots.pem", "none")
				v.setenv("VAULT_CACERT", "roots.pem")
			}},
		{badInput{name: "a version of version 1", code: exitFailed, want: []string{"keeps no versions", "hint: leave out version"}},
			func(v *vaultStage) {
				v.vault.AddMount("old", 1)
				v.vault.AddPolicy("read-prod", emulator.Allow("old/*", "read"))
				v.source(`mount: "kv"`, `mount: "old"`)
				v.edit("keyplumb.cue", func(text string) string {
					return swap(text, `FIRST: owner:  "a"`, `FIRST: {owner: "a", in: prod: from: version: 2}`)
				})
			}},
	} {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			v := unsyncedVault(t)
			bad.spoil(v)
			bad.args = "sync --env prod"
			if bad.code == exitFailed {
				bad.want = append(bad.want, "hint: ")
			}
			bad.try(v.stage)
		})
	}
}

// source changes one text in the policy.
func (v *vaultStage) source(before, after string) {
	v.t.Helper()
	v.edit("keyplumb.cue", func(text string) string { return swap(text, before, after) })
}

func (v *vaultStage) fault(method, path string, effect emulator.Effect) {
	v.vault.Inject(emulator.Fault{When: emulator.On(method, path), Effect: effect})
}

// TestVaultTokenStays: wherever a vault sends keyplumb to, neither its token nor
// the job's goes there.
func TestVaultTokenStays(t *testing.T) {
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, r := range [][2]string{{"POST", "/auth/jwt/login"}, {"GET", "/sys/internal/ui/mounts/kv"}, {"GET", "/kv/data/prod/api"}} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			v := unsyncedVault(t)
			v.fault(r[0], r[1], emulator.Redirect(status, elsewhere.URL+"/v1"+r[1]))
			(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"where the token does not go", "hint: name the address of the active node"}}).try(v.stage)
		}
	}
	v := unsyncedVault(t)
	runner := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	t.Cleanup(runner.Close)
	v.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", runner.URL)
	(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"redirects to another host"}}).try(v.stage)
	if n := asked.Load(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}

// A secured is a server that listens with a certificate that nobody knows.
type secured struct {
	url   string
	roots []byte
}

func listenTLS(t testing.TB, h http.Handler) secured {
	t.Helper()
	listening := httptest.NewUnstartedServer(h)
	listening.Config.ErrorLog = log.New(io.Discard, "", 0)
	listening.StartTLS()
	t.Cleanup(listening.Close)
	return secured{listening.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: listening.Certificate().Raw})}
}
