package main

import (
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
)

// A clusterStage is a stage whose secrets are in an emulated Kubernetes cluster,
// in a namespace for each environment. It knows jobs by the tokens that the CI
// system gives them, and people by a kubeconfig.
type clusterStage struct {
	*stage
	*jobRunner
	cluster *emulator.Server
	url     string // of the cluster
	roots   []byte // its certificate authority
	outside string // a folder that is not in the repository
}

const githubIssuer = "https://token.actions.githubusercontent.com"

// toCluster puts the source of a policy into the cluster.
func (k *clusterStage) toCluster(policy, auth string) string {
	source := fmt.Sprintf(`sources: cluster: {kind: "kubernetes", address: %q, namespace: "{env}", path: "api", auth: %s}`, k.url, auth)
	return swap(policy, `sources: files: {kind: "sops", path: "secrets.{env}.yaml"}`, source)
}

const jobsLogIn = `{method: "oidc"}`

// inKubernetes moves a stage's secrets to a cluster, and has it run in a job of
// GitHub Actions, in the given environment of it.
func inKubernetes(s *stage, environment string) *clusterStage {
	s.t.Helper()
	k := &clusterStage{stage: s, cluster: emulator.New(emulator.Options{Clock: s.github.Clock()}), outside: outsideOf(s.t)}
	k.jobRunner = newJobRunner(s.t, environment, k.cluster.Clock().Now)
	t, ok := s.t.(*testing.T)
	if !ok {
		s.t.Fatal("no test")
	}
	listening := listenTLS(t, k.cluster)
	k.url, k.roots = listening.url, listening.roots
	k.cluster.AddIssuer(emulator.Issuer{URL: githubIssuer, Audiences: []string{k.url}, Keys: []*rsa.PublicKey{&jobKey().PublicKey}, Prefix: "github:",
		Required: map[string]string{"repository": "acme/api"}})
	for _, of := range []string{"dev", "prod"} {
		role := emulator.Role{Verbs: []string{"get"}, Names: []string{"api"}}
		k.cluster.Bind(of, "github:repo:acme/api:environment:"+of, role)
		k.cluster.Bind(of, "github:repo:acme/api:environment:both", role)
		k.put(of, values(of, "one"))
	}
	for name, value := range k.jobEnviron() {
		s.setenv(name, value)
	}
	roots := filepath.Join(k.outside, "roots.pem")
	k.writeOutside("roots.pem", string(k.roots))
	for name, value := range map[string]string{
		"SOPS_AGE_KEY": "", "HOME": k.outside, "KUBERNETES_CACERT": roots,
	} {
		s.setenv(name, value)
	}
	s.write("keyplumb.cue", k.toCluster(stagePolicy, jobsLogIn))
	return k
}

func outsideOf(t testing.TB) string {
	t.Helper()
	return t.TempDir()
}

func (k *clusterStage) writeOutside(name, text string) {
	k.t.Helper()
	if err := os.WriteFile(filepath.Join(k.outside, name), []byte(text), 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k *clusterStage) put(namespace string, values map[string]string) {
	k.cluster.Put(namespace, "api", emulator.Secret{Data: emulator.Texts(values)})
}

// kubeconfig writes a kubeconfig with one user, who is described in YAML, has
// KUBECONFIG name it, and the policy use it.
func (k *clusterStage) kubeconfig(user string) {
	k.t.Helper()
	k.writeOutside("kubeconfig", fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: ci,
contexts: [{name: ci, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: %q, certificate-authority-data: %s}}],
users: [{name: u, user: %s}]}
`, k.url, k.encodedRoots(), user))
	k.setenv("KUBECONFIG", filepath.Join(k.outside, "kubeconfig"))
	k.write("keyplumb.cue", k.toCluster(stagePolicy, `{method: "default"}`))
}

func (k *clusterStage) encodedRoots() string { return base64.StdEncoding.EncodeToString(k.roots) }

// editOutside changes one text in a file that is not in the repository.
func (k *clusterStage) editOutside(name, before, after string) {
	k.t.Helper()
	text, err := os.ReadFile(filepath.Join(k.outside, name))
	if err != nil {
		k.t.Fatal(err)
	}
	k.writeOutside(name, swap(string(text), before, after))
}

// plugin writes a program that prints an ExecCredential.
func (k *clusterStage) plugin(script string) string {
	k.t.Helper()
	k.writeOutside("plugin", "#!/bin/sh\n"+script)
	file := filepath.Join(k.outside, "plugin")
	if err := os.Chmod(file, 0o700); err != nil { //nolint:gosec // to be run
		k.t.Fatal(err)
	}
	return fmt.Sprintf(`{exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: IfAvailable}}`, file)
}

// credential is what a plugin prints.
func credential(token string) string {
	return fmt.Sprintf(`echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"%s"}}'`, token)
}

// user has a token stand for somebody who may read both environments.
func (k *clusterStage) user(token string) {
	k.cluster.AddToken(token, emulator.User{Name: "jane"})
	for _, namespace := range []string{"dev", "prod"} {
		k.cluster.Bind(namespace, "jane", emulator.Role{Verbs: []string{"get"}})
	}
}

// asked gives the cluster's requests, in order of time, by method and path.
func (k *clusterStage) asked() []string {
	var got []string
	for _, r := range k.cluster.Requests() {
		got = append(got, r.Method+" "+strings.TrimPrefix(r.Path, "/api/v1/namespaces/"))
	}
	return got
}

// source changes one text in the policy.
func (k *clusterStage) source(before, after string) {
	k.t.Helper()
	k.edit("keyplumb.cue", func(text string) string { return swap(text, before, after) })
}

func (k *clusterStage) fault(effect emulator.Effect) {
	k.cluster.Inject(emulator.Fault{When: emulator.On("GET", "/api/v1/namespaces/prod/secrets/api"), Effect: effect})
}

// unsyncedCluster is for a first sync of a job that may have both environments.
func unsyncedCluster(t *testing.T) *clusterStage {
	t.Helper()
	return inKubernetes(newStage(t), "both")
}
