package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// azureCases are the leak suite with a Key Vault for a source: what it holds,
// the job's token, the token that a login brings, an application's secret, and
// all that a vault and an Entra can do at each request of a run.
func azureCases() []leakCase {
	cases := []leakCase{
		{name: "azure, all is well", prepare: fromAzure(nil)},
		{name: "azure, an application's secret", prepare: fromAzure(func(a *aviary, v *azureStage) {
			password := "pw-" + storetest.Canaries()[4].Value + storetest.Canaries()[4].Value
			a.plant("the application's secret", password)
			v.entra.AddApplication(emulator.Application{Tenant: azureTenant, Client: azureClient, Secret: password})
			v.source(`auth: {tenant: "`+azureTenant+`", role: "`+azureClient+`"}`, `auth: method: "default"`)
			for name, value := range map[string]string{"AZURE_TENANT_ID": azureTenant, "AZURE_CLIENT_ID": azureClient, "AZURE_CLIENT_SECRET": password} {
				a.setenv(name, value)
			}
		}), commands: running},
		{name: "azure, no such field", prepare: fromAzure(func(_ *aviary, v *azureStage) { v.source(`field: "JSON"`, `field: "SHORT.none"`) }), commands: running},
		{name: "azure, no object", prepare: fromAzure(func(a *aviary, v *azureStage) {
			v.keys.Set("prod-api", a.values["prod"]["QUOTES"], emulator.Properties{})
		}), commands: running},
		{name: "azure, deleted", prepare: fromAzure(func(_ *aviary, v *azureStage) { v.keys.Delete("prod-api") }), commands: running},
		{name: "azure, disabled", prepare: fromAzure(func(a *aviary, v *azureStage) {
			v.keys.Set("prod-api", a.values["prod"]["QUOTES"], emulator.Properties{Disabled: true})
		}), commands: running},
		{name: "azure, of tomorrow", prepare: fromAzure(func(a *aviary, v *azureStage) {
			v.keys.Set("prod-api", a.values["prod"]["QUOTES"], emulator.Properties{NotBefore: time.Now().AddDate(50, 0, 0)})
		}), commands: running},
		{name: "azure, values in the wrong variables", prepare: fromAzure(func(a *aviary, v *azureStage) {
			v.source(`role: "`+azureClient+`"`, `audience: "api://AzureADTokenExchange"`)
			for i, name := range []string{"AZURE_CLIENT_ID", "AZURE_ID_TOKEN", "AZURE_AUTHORITY_HOST"} {
				a.setenv(name, a.values["prod"][[]string{"JSON", "SHORT", "UNICODE"}[i]])
			}
		}), commands: running},
		{name: "azure, a value for the job's token", prepare: fromAzure(func(a *aviary, _ *azureStage) { a.setenv("AZURE_ID_TOKEN", a.values["prod"]["SHORT"]) }), commands: running},
		{name: "azure, a value for an address", prepare: fromAzure(func(a *aviary, _ *azureStage) { a.setenv("AZURE_KEYVAULT_URL", a.values["prod"]["QUOTES"]) }), commands: running},
		{name: "azure, the log of Azure's clients", prepare: fromAzure(func(a *aviary, _ *azureStage) { a.setenv("AZURE_SDK_GO_LOGGING", "all") }), commands: running},
	}
	return append(cases, azureFaults()...)
}

// fromAzure moves the aviary's secrets to a Key Vault: one a secret, and all in
// an object, of which one is read.
func fromAzure(then func(*aviary, *azureStage)) func(*aviary) {
	return func(a *aviary) {
		v := inAzure(a.stage)
		v.told = func(token string) { a.plant("the job's token", token) }
		a.plant("the runner's credential", v.bearer)
		policy := strings.Replace(leakPolicy, `sources: files: {kind: "sops", path: "secrets.{env}.yaml"}`,
			`sources: azure: {kind: "azure", address: "VAULT", auth: {tenant: "TENANT", role: "CLIENT"}}`, 1)
		for environment, values := range a.values {
			object, err := json.Marshal(values)
			if err != nil {
				a.t.Fatal(err)
			}
			v.keys.Set(environment+"-api", string(object), emulator.Properties{Tags: map[string]string{"owner": "payments"}})
			for name, value := range values {
				v.keys.Set(environment+"-"+name, value, emulator.Properties{})
				from := `path: "\(Env)-` + name + `"`
				if name == "JSON" {
					from = `{path: "\(Env)-api", field: "JSON"}`
				}
				policy = strings.Replace(policy, "\t"+name+": {}\n", "\t"+name+": in: [Env=_]: from: "+from+"\n", 1)
			}
			a.remove("secrets." + environment + ".yaml")
		}
		a.write("keyplumb.cue", v.policyText(policy))
		// What a login brings is a canary from the moment it is there.
		v.entra.After(func(int, string, string) {
			v.mu.Lock()
			defer v.mu.Unlock()
			for _, token := range v.entra.Tokens() {
				a.plant("a token for vaults", token.Value)
			}
		})
		if then != nil {
			then(a, v)
		}
	}
}

func azureFaults() []leakCase {
	effects := map[string]emulator.Effect{
		"truncated": emulator.Truncate(), "malformed": emulator.Malformed(), "cut before": emulator.DropBefore(), "cut after": emulator.DropAfter(),
		"elsewhere": emulator.Redirect(307, "https://127.0.0.2:1/"), "too long": emulator.Oversized(5 << 20), "come back later": emulator.RateLimited(3600),
		"slow": emulator.Slow(200 * time.Millisecond), "echo text 403": emulator.EchoText(403),
	}
	for _, status := range []int{200, 400, 401, 403, 404, 500} {
		effects[fmt.Sprint("echo ", status)] = emulator.Echo(status)
		effects[fmt.Sprint("failing ", status)] = emulator.Failing(status)
	}
	var cases []leakCase
	add := func(name, method, path string) {
		cases = append(cases, leakCase{name: fmt.Sprintf("azure, %s %s%s", name, method, strings.ReplaceAll(strings.TrimPrefix(path, "/"+azureTenant), "/", " ")),
			commands: []string{"sync --report json=r.json"},
			prepare: fromAzure(func(_ *aviary, v *azureStage) {
				v.spoiled(method, path, effects[name])
				v.entra.Inject(emulator.Fault{When: emulator.On(method, path), Effect: effects[name]})
			})})
	}
	for name := range effects {
		add(name, "POST", azureToken)
		add(name, "GET", "/secrets/prod-api/")
	}
	// Before the login there is nothing to echo.
	add("malformed", "GET", azureDiscovery)
	add("echo 200", "GET", azureDiscovery)
	return cases
}
