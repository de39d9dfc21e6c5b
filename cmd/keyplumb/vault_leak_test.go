package main

import (
	"fmt"
	"strings"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// vaultCases are the leak suite with a vault for a source: what it holds, the
// job's token, the token that a login brings, and all that a vault can do at
// each request of a run.
func vaultCases() []leakCase {
	cases := []leakCase{
		{name: "vault, all is well", prepare: fromVault(nil)},
		{name: "vault, the user's token", prepare: fromVault(func(a *aviary, v *vaultStage) {
			token := "hvs." + storetest.Canaries()[4].Value + storetest.Canaries()[4].Value
			v.vault.AddToken(token)
			a.canaries = append(a.canaries, storetest.Canary{Name: "vault token", Value: token})
			a.setenv("VAULT_TOKEN", token)
			a.setenv("GITHUB_ACTIONS", "")
		}), commands: running},
		{name: "vault, AppRole", prepare: fromVault(func(a *aviary, v *vaultStage) {
			id := storetest.Canary{Name: "secret id", Value: "id-" + storetest.Canaries()[4].Value + storetest.Canaries()[4].Value}
			a.canaries = append(a.canaries, id)
			v.vault.AddAppRole("approle", emulator.AppRole{Name: "ci", RoleID: "role", SecretID: id.Value, Uses: 3, Policies: []string{"read-dev", "read-prod"}})
			a.setenv("VAULT_ROLE_ID", "role")
			a.setenv("VAULT_SECRET_ID", id.Value)
			v.source(`{method: "jwt", role: "ci-{env}"}`, `method: "approle"`)
		}), commands: running},
		{name: "vault, whole secrets", prepare: fromVault(func(_ *aviary, v *vaultStage) { v.source("JSON: {}", `JSON: in: [_]: from: field: ""`) }), commands: running},
		{name: "vault, no such field", prepare: fromVault(func(_ *aviary, v *vaultStage) { v.source("JSON: {}", `JSON: in: [_]: from: field: "SHORT.none"`) }), commands: running},
		{name: "vault, a value for an owner", prepare: fromVault(func(a *aviary, v *vaultStage) {
			v.vault.SetCustomMetadata("kv", "prod/api", map[string]string{"owner": a.values["prod"]["QUOTES"], "expires": "2020-01-01"})
		}), commands: running},
		{name: "vault, deleted", prepare: fromVault(func(_ *aviary, v *vaultStage) { v.vault.DeleteVersions("kv", "prod/api", 1) }), commands: running},
		{name: "vault, sealed", prepare: fromVault(func(_ *aviary, v *vaultStage) { v.vault.Seal() }), commands: running},
		{name: "vault, values in the wrong variables", prepare: fromVault(func(a *aviary, _ *vaultStage) {
			for i, name := range []string{"VAULT_NAMESPACE", "VAULT_CACERT", "VAULT_ID_TOKEN"} {
				a.setenv(name, a.values["prod"][[]string{"JSON", "SHORT", "UNICODE"}[i]])
			}
		}), commands: running},
		{name: "vault, a value for a namespace", prepare: fromVault(func(a *aviary, v *vaultStage) {
			a.setenv("VAULT_NAMESPACE", a.values["prod"]["QUOTES"])
			v.vault.AddPolicy("read-prod")
		}), commands: running},
		{name: "vault, a value for an address", prepare: fromVault(func(a *aviary, _ *vaultStage) { a.setenv("VAULT_ADDR", a.values["prod"]["QUOTES"]) }), commands: running},
		{name: "vault, a value for the client", prepare: fromVault(func(a *aviary, _ *vaultStage) { a.setenv("VAULT_SKIP_VERIFY", a.values["prod"]["SHORT"]) }), commands: running},
	}
	return append(cases, vaultFaults()...)
}

// fromVault moves the aviary's secrets to a vault, in a job of GitHub Actions.
func fromVault(then func(*aviary, *vaultStage)) func(*aviary) {
	return func(a *aviary) {
		v := inVault(a.stage, "both")
		v.told = func(token string) { a.plant("the job's token", token) }
		a.plant("the runner's credential", v.bearer)
		for environment, values := range a.values {
			v.vault.Remove("kv", environment+"/api")
			v.put(environment, values)
			a.remove("secrets." + environment + ".yaml")
		}
		a.write("keyplumb.cue", toVault(leakPolicy))
		// What a login brings is a canary from the moment it is there.
		v.vault.After(func(_ int, _, _ string) {
			v.mu.Lock()
			defer v.mu.Unlock()
			for _, token := range v.vault.Tokens() {
				a.plant("a vault's token", token.Value)
			}
		})
		if then != nil {
			then(a, v)
		}
	}
}

func vaultFaults() []leakCase {
	effects := map[string]emulator.Effect{
		"truncated": emulator.Truncate(), "malformed": emulator.Malformed(), "cut before": emulator.DropBefore(), "cut after": emulator.DropAfter(),
		"elsewhere": emulator.Redirect(307, "http://127.0.0.2:1/"), "too long": emulator.Oversized(40 << 20), "come back later": emulator.RateLimited(3600),
		"slow": emulator.Slow(200 * time.Millisecond),
	}
	for _, status := range []int{200, 400, 401, 403, 404, 412, 418, 500} {
		effects[fmt.Sprint("echo ", status)] = emulator.Echo(status)
		effects[fmt.Sprint("echo text ", status)] = emulator.EchoText(status)
		effects[fmt.Sprint("failing ", status)] = emulator.Failing(status)
	}
	var cases []leakCase
	for _, r := range [][2]string{{"POST", "/auth/jwt/login"}, {"GET", "/sys/internal/ui/mounts/kv"}, {"GET", "/kv/data/prod/api"}, {"POST", "/auth/token/revoke-self"}} {
		for name, effect := range effects {
			cases = append(cases, leakCase{fault: "vault, " + name, name: fmt.Sprintf("vault, %s %s%s", name, r[0], strings.ReplaceAll(r[1], "/", " ")),
				commands: []string{"sync --report json=r.json"},
				prepare:  fromVault(func(_ *aviary, v *vaultStage) { v.fault(r[0], r[1], effect) })})
		}
	}
	return cases
}
