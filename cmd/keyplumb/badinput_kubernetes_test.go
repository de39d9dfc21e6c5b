package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
)

func TestBadCluster(t *testing.T) {
	for _, bad := range []struct {
		badInput
		spoil func(*clusterStage)
	}{
		{badInput{name: "no identity", code: exitFailed, want: []string{"there is no identity token", "hint: give the job permissions: {id-token: write"}},
			func(k *clusterStage) { k.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "") }},
		{badInput{name: "another repository", code: exitFailed, want: []string{"read prod/api: credential refused: the cluster does not take this job's identity token (HTTP 401)", "hint: its AuthenticationConfiguration"}},
			func(k *clusterStage) { k.claim("repository", "mallory/api") }},
		{badInput{name: "another environment", code: exitFailed, want: []string{"read prod/api: denied: this user may not read it (HTTP 403)",
			`hint: a Role in the namespace prod needs the rule {apiGroups: [""], resources: ["secrets"], resourceNames: ["api"], verbs: ["get"]}`}},
			func(k *clusterStage) { k.claim("sub", "repo:acme/api:environment:dev") }},
		{badInput{name: "an expired token mid-run", code: exitFailed, want: []string{"read prod/api: credential refused", "hint: its AuthenticationConfiguration"}},
			func(k *clusterStage) { k.fault(emulator.Refuse(http.StatusUnauthorized)) }},
		{badInput{name: "no such secret", code: exitFindings, errors: 3, want: []string{"missing-value", "the namespace prod has no such secret, or is not there", "help: look with kubectl get secret --namespace prod"}},
			func(k *clusterStage) { k.cluster.Remove("prod", "api") }},
		{badInput{name: "no such field", code: exitFindings, want: []string{"missing-value", "no such field: FIRST", "there are: PLAIN, SECOND"}},
			func(k *clusterStage) { k.put("prod", map[string]string{"SECOND": "two", "PLAIN": "p"}) }},
		{badInput{name: "not another's word", code: exitFailed, want: []string{"read prod/api: unavailable: the answer is not a cluster's (HTTP 404)", "hint: is the address that of an API server"}},
			func(k *clusterStage) { k.fault(emulator.EchoText(http.StatusNotFound)) }},
		{badInput{name: "throttled for an hour", code: exitFailed, want: []string{"throttled", "hint: run keyplumb again"}},
			func(k *clusterStage) { k.fault(emulator.RateLimited(3600)) }},
		{badInput{name: "half an answer", code: exitFailed, want: []string{"read prod/api: unavailable"}}, func(k *clusterStage) { k.fault(emulator.Malformed()) }},
		{badInput{name: "an answer over the cap", code: exitFailed, want: []string{"read prod/api: unavailable: answer too long"}},
			func(k *clusterStage) { k.fault(emulator.Oversized(9 << 20)) }},
		{badInput{name: "nobody there", code: exitFailed, want: []string{"unavailable: no connection"}},
			func(k *clusterStage) { k.source(k.url, "https://127.0.0.1:1") }},
		{badInput{name: "a certificate of nobody", code: exitFailed, want: []string{"certificate is not trusted", "hint: give the cluster's own authority: the file that KUBERNETES_CACERT names"}},
			func(k *clusterStage) { k.setenv("KUBERNETES_CACERT", "") }},
		{badInput{name: "roots that are none", code: exitFailed, want: []string{"KUBERNETES_CACERT names holds no certificate", "hint: "}},
			func(k *clusterStage) {
				k.writeOutside("roots.pem", "none")
			}},
		{badInput{name: "two addresses", code: exitFailed, want: []string{"the policy and KUBERNETES_ADDR send source cluster to different addresses"}},
			func(k *clusterStage) { k.setenv("KUBERNETES_ADDR", "https://cluster.example.com") }},
		{badInput{name: "an address that one place alone names", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of source cluster to cluster.example.com", "KUBERNETES_ADDR"}},
			func(k *clusterStage) { k.source(k.url, "https://cluster.example.com") }},
		{badInput{name: "an address in the environment alone", code: exitUsage, want: []string{"lets jobs log in and has no address", "help: name the API server"}},
			func(k *clusterStage) { k.source(fmt.Sprintf("address: %q, ", k.url), "") }},
		{badInput{name: "a namespace that is none", code: exitFailed, want: []string{"the namespace is none that Kubernetes can have"}},
			func(k *clusterStage) { k.source(`namespace: "{env}"`, `namespace: "{env}/x"`) }},
		{badInput{name: "no kubeconfig", code: exitFailed, want: []string{"source cluster: there is no kubeconfig", "hint: name one in KUBECONFIG"}},
			func(k *clusterStage) { k.write("keyplumb.cue", k.toCluster(stagePolicy, `{method: "default"}`)) }},
		{badInput{name: "a pod without an account", code: exitFailed, want: []string{"the service account's token cannot be read", "hint: give the pod its service account"}},
			func(k *clusterStage) {
				k.write("keyplumb.cue", k.toCluster(stagePolicy, `{method: "default"}`))
				k.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
				k.setenv("KUBERNETES_SERVICE_PORT", "1")
			}},
		{badInput{name: "no kubeconfig where it is to be", code: exitFailed, want: []string{"no file is there that KUBECONFIG names", "hint: write the kubeconfig there"}},
			func(k *clusterStage) {
				// In a pod that has an account, the pod's own cluster would be read.
				k.kubeconfig(`{token: x}`)
				k.setenv("KUBECONFIG", filepath.Join(k.outside, "none"))
				k.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
				k.setenv("KUBERNETES_SERVICE_PORT", "1")
			}},
		{badInput{name: "a kubeconfig out of reach", code: exitFailed, want: []string{"use kubeconfig: refused as invalid: it cannot be read"}},
			func(k *clusterStage) {
				k.kubeconfig(`{token: x}`)
				k.setenv("KUBECONFIG", filepath.Join(k.outside, "kubeconfig", "below-a-file"))
			}},
		{badInput{name: "no such context", code: exitFailed, want: []string{"use kubeconfig: refused as invalid: it has no such context", "hint: kubectl config get-contexts"}},
			func(k *clusterStage) {
				k.kubeconfig(`{token: x}`)
				k.source(`namespace: "{env}"`, `namespace: "{env}", context: "other"`)
			}},
		{badInput{name: "a kubeconfig that does not check", code: exitFailed, want: []string{"insecure-skip-tls-verify"}},
			func(k *clusterStage) {
				k.kubeconfig(`{token: x}`)
				k.editOutside("kubeconfig", "certificate-authority-data: "+k.encodedRoots(), "insecure-skip-tls-verify: true")
			}},
		{badInput{name: "another cluster's kubeconfig", code: exitFailed, want: []string{"the policy and the kubeconfig send source cluster to different addresses", "hint: make them the same"}},
			func(k *clusterStage) {
				k.kubeconfig(`{token: x}`)
				k.editOutside("kubeconfig", k.url, "https://cluster.example.com")
			}},
		{badInput{name: "a kubeconfig alone", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of source cluster to cluster.example.com", "hint: name it both in the policy and in the kubeconfig"}},
			func(k *clusterStage) {
				k.kubeconfig(`{token: x}`)
				k.editOutside("kubeconfig", k.url, "https://cluster.example.com")
				k.source(fmt.Sprintf("address: %q, ", k.url), "")
			}},
		{badInput{name: "clear text", code: exitFailed, want: []string{"http:// would send the credential in clear text"}},
			func(k *clusterStage) {
				k.kubeconfig(`{token: x}`)
				k.editOutside("kubeconfig", k.url, "http://cluster.example.com")
				k.source(k.url, "http://cluster.example.com")
				k.edit("keyplumb.cue", func(text string) string { return text + "rules: \"plaintext-endpoint\": \"off\"\n" })
			}},
		{badInput{name: "a token that has run out", code: exitFailed, want: []string{"the kubeconfig's token, certificate or password is wrong, was revoked, or has run out", "hint: log in again"}},
			func(k *clusterStage) { k.kubeconfig(`{token: x}`) }},
		{badInput{name: "a plugin that is not there", code: exitFailed, want: []string{"run the kubeconfig's exec plugin: credential refused: there is no such program"}},
			func(k *clusterStage) {
				k.kubeconfig(`{exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin, interactiveMode: Never}}`)
			}},
		{badInput{name: "a plugin that fails", code: exitFailed, want: []string{"it failed", "hint: log in anew with the tool"}, never: []string{"token-in-a-message"}},
			func(k *clusterStage) { k.kubeconfig(k.plugin("echo token-in-a-message >&2; exit 1")) }},
		{badInput{name: "a plugin that asks", code: exitFailed, want: []string{"there is nobody to answer"}},
			func(k *clusterStage) {
				k.kubeconfig(strings.Replace(k.plugin(credential("x")), "IfAvailable", "Always", 1))
			}},
	} {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			k := unsyncedCluster(t)
			bad.spoil(k)
			bad.args = "sync --env prod"
			if bad.code == exitFailed {
				bad.want = append(bad.want, "hint: ")
			}
			bad.try(k.stage)
		})
	}
}

// TestKubeconfigInCheckout: what a commit can change does not say which
// programs run in CI, by whatever way it is named; on one's own machine it may.
func TestKubeconfigInCheckout(t *testing.T) {
	for name, place := range map[string]func(*clusterStage) string{
		"inside":   func(k *clusterStage) string { return filepath.Join(k.dir, "kubeconfig") },
		"relative": func(*clusterStage) string { return "kubeconfig" },
		"behind a link": func(k *clusterStage) string {
			link := filepath.Join(k.outside, "link")
			if err := os.Symlink(filepath.Join(k.dir, "kubeconfig"), link); err != nil {
				k.t.Fatal(err)
			}
			return link
		},
		"a link inside": func(k *clusterStage) string {
			link := filepath.Join(k.dir, "link")
			if err := os.Symlink(filepath.Join(k.outside, "kubeconfig"), link); err != nil {
				k.t.Fatal(err)
			}
			return link
		},
		"one of several": func(k *clusterStage) string {
			return strings.Join([]string{filepath.Join(k.outside, "kubeconfig"), filepath.Join(k.dir, "kubeconfig")}, string(os.PathListSeparator))
		},
		"another checkout": func(k *clusterStage) string {
			k.setenv("GITHUB_WORKSPACE", k.outside)
			return filepath.Join(k.outside, "kubeconfig")
		},
		"at home": func(k *clusterStage) string {
			k.write(".kube/config", "{}")
			k.setenv("HOME", k.dir)
			return ""
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := unsyncedCluster(t)
			token, ran := rand.Text(), filepath.Join(k.outside, "ran")
			k.user(token)
			k.kubeconfig(k.plugin("touch " + ran + "; " + credential(token)))
			text, err := os.ReadFile(filepath.Join(k.outside, "kubeconfig"))
			if err != nil {
				t.Fatal(err)
			}
			k.write("kubeconfig", string(text))
			k.setenv("KUBECONFIG", place(k))
			(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"in CI, a kubeconfig inside the checkout is not used", "hint: write it elsewhere"}}).try(k.stage)
			if _, err := os.Stat(ran); err == nil {
				t.Error("its program was run")
			}
			if name == "at home" {
				return
			}
			k.setenv("CI", "")
			k.setenv("GITHUB_ACTIONS", "")
			k.must(exitOK, "plan")
		})
	}
}

// TestPluginInCheckout: a kubeconfig that no commit can change may name a program
// that one can; in CI it is not run.
func TestPluginInCheckout(t *testing.T) {
	for name, inside := range map[string]bool{"inside": true, "a link to it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := unsyncedCluster(t)
			token, ran := rand.Text(), filepath.Join(k.outside, "ran")
			k.user(token)
			k.kubeconfig(k.plugin("touch " + ran + "; " + credential(token)))
			program, moved := filepath.Join(k.outside, "plugin"), filepath.Join(k.dir, "plugin")
			if err := os.Rename(program, moved); err != nil {
				t.Fatal(err)
			}
			if inside {
				k.editOutside("kubeconfig", program, moved)
			} else if err := os.Symlink(moved, program); err != nil {
				t.Fatal(err)
			}
			(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"its exec plugin is a program inside the checkout, which a commit can change", "hint: install it elsewhere"}}).try(k.stage)
			if _, err := os.Stat(ran); err == nil {
				t.Error("it was run")
			}
			k.setenv("CI", "")
			k.setenv("GITHUB_ACTIONS", "")
			k.must(exitOK, "plan")
		})
	}
}

// TestClusterTokenStays: wherever a cluster sends keyplumb to, the job's token
// does not go there.
func TestClusterTokenStays(t *testing.T) {
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		k := unsyncedCluster(t)
		k.fault(emulator.Redirect(status, elsewhere.URL+"/api/v1/namespaces/prod/secrets/api"))
		(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"where the credential does not go", "hint: name the address of the API server"}}).try(k.stage)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}
