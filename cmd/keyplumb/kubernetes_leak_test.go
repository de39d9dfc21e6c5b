package main

import (
	"fmt"
	"strings"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// clusterCases are the leak suite with a Kubernetes cluster for a source: what
// it holds, the job's token, what a kubeconfig and a plugin hold, and all that a
// cluster can do at the one request that there is.
func clusterCases() []leakCase {
	byUser := func(user func(*aviary, *clusterStage, string) string) func(*aviary) {
		return fromCluster(func(a *aviary, k *clusterStage) {
			token := "of-jane-" + storetest.Canaries()[4].Value + storetest.Canaries()[4].Value
			a.plant("the user's token", token)
			k.user(token)
			k.kubeconfig(user(a, k, token))
			k.source(stageSecrets, leakSecrets())
		})
	}
	cases := []leakCase{
		{name: "cluster, all is well", prepare: fromCluster(nil)},
		{name: "cluster, a kubeconfig", prepare: byUser(func(_ *aviary, _ *clusterStage, token string) string { return `{token: "` + token + `"}` }), commands: running},
		{name: "cluster, a plugin that shows its token", prepare: byUser(func(_ *aviary, k *clusterStage, token string) string {
			return k.plugin("echo " + token + " >&2; " + credential(token))
		}), commands: running},
		{name: "cluster, a plugin that fails with its token", prepare: byUser(func(_ *aviary, k *clusterStage, token string) string {
			return k.plugin(credential(token) + "; echo " + token + " >&2; exit 1")
		}), commands: running},
		{name: "cluster, a plugin of nonsense", prepare: byUser(func(_ *aviary, k *clusterStage, token string) string { return k.plugin("echo " + token) }), commands: running},
		{name: "cluster, a plugin of half a certificate", prepare: byUser(func(_ *aviary, k *clusterStage, token string) string {
			return k.plugin(strings.Replace(credential(token), `"token"`, `"clientKeyData"`, 1))
		}), commands: running},
		{name: "cluster, a kubeconfig that is garbled", prepare: byUser(func(_ *aviary, _ *clusterStage, token string) string { return `{token: "` + token + `", token: [}` }), commands: running},
		{name: "cluster, a token that is refused", prepare: byUser(func(_ *aviary, k *clusterStage, token string) string {
			k.cluster.RevokeToken(token)
			return `{token: "` + token + `"}`
		}), commands: running},
		{name: "cluster, a token in all places", prepare: byUser(func(_ *aviary, _ *clusterStage, token string) string {
			return fmt.Sprintf(`{exec: {apiVersion: %[1]q, command: %[1]q, args: [%[1]q], interactiveMode: Never, installHint: %[1]q}}`, token)
		}), commands: running},
		{name: "cluster, an old provider", prepare: byUser(func(_ *aviary, _ *clusterStage, token string) string {
			return `{auth-provider: {name: oidc, config: {id-token: "` + token + `"}}}`
		}), commands: running},
		{name: "cluster, whole secrets", prepare: fromCluster(func(_ *aviary, k *clusterStage) { k.source("JSON: {}", `JSON: in: [_]: from: field: ""`) }), commands: running},
		{name: "cluster, no such field", prepare: fromCluster(func(_ *aviary, k *clusterStage) { k.source("JSON: {}", `JSON: in: [_]: from: field: "SHORT.none"`) }), commands: running},
		{name: "cluster, no such field inside", prepare: fromCluster(func(_ *aviary, k *clusterStage) { k.source("JSON: {}", `JSON: in: [_]: from: field: "JSON.none"`) }), commands: running},
		{name: "cluster, bytes", prepare: fromCluster(func(a *aviary, k *clusterStage) {
			data := emulator.Texts(a.values["prod"])
			data["SHORT"] = append(data["SHORT"], 0xff)
			k.cluster.Put("prod", "api", emulator.Secret{Data: data})
			k.source("JSON: {}", `JSON: in: [_]: from: field: ""`)
		}), commands: running},
		{name: "cluster, denied", prepare: fromCluster(func(_ *aviary, k *clusterStage) { k.claim("sub", "nobody") }), commands: running},
		{name: "cluster, values in the wrong variables", prepare: fromCluster(func(a *aviary, _ *clusterStage) {
			for i, name := range []string{"KUBERNETES_CACERT", "KUBERNETES_ID_TOKEN", "KUBECONFIG"} {
				a.setenv(name, a.values["prod"][[]string{"SHORT", "UNICODE", "QUOTES"}[i]])
			}
		}), commands: running},
		{name: "cluster, a value for an address", prepare: fromCluster(func(a *aviary, _ *clusterStage) { a.setenv("KUBERNETES_ADDR", a.values["prod"]["QUOTES"]) }), commands: running},
		{name: "cluster, a value for a pod's", prepare: fromCluster(func(a *aviary, k *clusterStage) {
			a.setenv("KUBERNETES_SERVICE_HOST", a.values["prod"]["QUOTES"])
			a.setenv("KUBERNETES_SERVICE_PORT", a.values["prod"]["SHORT"])
			k.source(jobsLogIn, `{method: "default"}`)
		}), commands: running},
	}
	return append(cases, clusterFaults()...)
}

const stageSecrets = `secrets: {
	FIRST: owner:  "a"
	SECOND: owner: "a"
	PLAIN: {owner: "a", sensitive: false}
}
`

// leakSecrets are the secrets of the leak suite's policy.
func leakSecrets() string { return leakPolicy[strings.Index(leakPolicy, "secrets: {"):] }

// fromCluster moves the aviary's secrets to a cluster, in a job of GitHub
// Actions.
func fromCluster(then func(*aviary, *clusterStage)) func(*aviary) {
	return func(a *aviary) {
		k := inKubernetes(a.stage, "both")
		k.told = func(token string) { a.plant("the job's token", token) }
		a.plant("the runner's credential", k.bearer)
		for environment, values := range a.values {
			k.put(environment, values)
			a.remove("secrets." + environment + ".yaml")
		}
		a.write("keyplumb.cue", k.toCluster(leakPolicy, jobsLogIn))
		if then != nil {
			then(a, k)
		}
	}
}

func clusterFaults() []leakCase {
	effects := map[string]emulator.Effect{
		"truncated": emulator.Truncate(), "malformed": emulator.Malformed(), "cut before": emulator.DropBefore(), "cut after": emulator.DropAfter(),
		"elsewhere": emulator.Redirect(307, "http://127.0.0.2:1/"), "too long": emulator.Oversized(9 << 20), "come back later": emulator.RateLimited(3600),
		"slow": emulator.Slow(200 * time.Millisecond),
	}
	for _, status := range []int{200, 401, 403, 404, 500} {
		effects[fmt.Sprint("echo ", status)] = emulator.Echo(status)
		effects[fmt.Sprint("echo text ", status)] = emulator.EchoText(status)
		effects[fmt.Sprint("failing ", status)] = emulator.Failing(status)
	}
	var cases []leakCase
	for name, effect := range effects {
		cases = append(cases, leakCase{name: "cluster, " + name, commands: []string{"sync --report json=r.json"},
			prepare: fromCluster(func(_ *aviary, k *clusterStage) { k.fault(effect) })})
	}
	return cases
}
