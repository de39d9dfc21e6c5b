package kubernetes_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// kubeconfig writes a kubeconfig with one user, who is described in YAML.
func kubeconfig(t *testing.T, namespace, user string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: ci,
contexts: [{name: ci, context: {cluster: c, user: u, namespace: %s}}],
clusters: [{name: c, cluster: {server: %q, certificate-authority: %q}}],
users: [{name: u, user: %s}]}
`, namespace, live.url, live.roots, user)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestKubeconfig: whoever a kubeconfig says, the real server takes for whom it
// says.
func TestKubeconfig(t *testing.T) {
	namespace := live.namespace(t, "kubeconfig")
	live.put(t, namespace, "api", map[string][]byte{"KEY": []byte("value")})
	account, accountToken := live.account(t, namespace, "reader")
	for _, user := range []string{"ci", "jane", account} {
		live.bind(t, namespace, user)
	}
	tokenFile := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(tokenFile, []byte(live.user+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		user string
		kind error
	}{
		"token":                {user: `{token: "` + live.user + `"}`},
		"token of an account":  {user: `{token: "` + accountToken + `"}`},
		"token file":           {user: `{tokenFile: "` + tokenFile + `"}`},
		"certificate":          {user: certificate(t, "jane", time.Now().Add(time.Hour))},
		"plugin":               {user: pluginOf(tokenFile, live.url)},
		"somebody else":        {user: `{token: "` + live.admin + `", as: jane}`},
		"nobody":               {user: `{}`, kind: store.ErrUnauthentic},
		"wrong token":          {user: `{token: "wrong"}`, kind: store.ErrUnauthentic},
		"expired certificate":  {user: certificate(t, "jane", time.Now().Add(-time.Hour)), kind: store.ErrUnauthentic},
		"somebody without":     {user: `{token: "` + live.admin + `", as: nobody}`, kind: store.ErrDenied},
		"not to be somebody":   {user: `{token: "` + live.user + `", as: jane}`, kind: store.ErrDenied},
		"plugin that fails":    {user: pluginOf(tokenFile+".none", live.url), kind: store.ErrUnauthentic},
		"plugin for elsewhere": {user: pluginOf(tokenFile, "https://elsewhere.example"), kind: store.ErrUnauthentic},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := kubernetes.Kubeconfig{Files: []string{kubeconfig(t, namespace, test.user)}, Environ: os.Environ()}.Cluster()
			if err != nil {
				t.Fatal(err)
			}
			check(t, got, test.kind)
		})
	}
}

func certificate(t *testing.T, user string, until time.Time) string {
	t.Helper()
	certificate, key, err := live.ca.issue(user, until)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("{client-certificate-data: %s, client-key-data: %s}", base64.StdEncoding.EncodeToString(certificate), base64.StdEncoding.EncodeToString(key))
}

func pluginOf(tokenFile, server string) string {
	return fmt.Sprintf(`{exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, args: [%q], interactiveMode: IfAvailable, provideClusterInfo: true,
  env: [{name: PLUGIN_SERVER, value: %q}]}}`, live.plugin, tokenFile, server)
}

// check reads a secret of the namespace that a cluster's context names.
func check(t *testing.T, c *kubernetes.Cluster, kind error) {
	t.Helper()
	source, err := kubernetes.New(kubernetes.Options{Cluster: c})
	if err != nil {
		t.Fatal(err)
	}
	got := source.Read(t.Context(), []store.Reference{{Path: "api", Field: "KEY"}})[0]
	if !errors.Is(got.Err, kind) || kind == nil && string(got.Value.Reveal()) != "value" {
		t.Errorf("%q, %v (%s); want %v", got.Value.Reveal(), got.Err, store.Hint(got.Err), kind)
	}
}

// TestPod: keyplumb in a pod is its service account.
func TestPod(t *testing.T) {
	namespace := live.namespace(t, "pod")
	live.put(t, namespace, "api", map[string][]byte{"KEY": []byte("value")})
	account, token := live.account(t, namespace, "reader")
	live.bind(t, namespace, account, "api")
	folder := t.TempDir()
	roots, err := os.ReadFile(live.roots)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"token": []byte(token), "ca.crt": roots, "namespace": []byte(namespace)} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	host, port, _ := strings.Cut(strings.TrimPrefix(live.url, "https://"), ":")
	got, err := kubernetes.InCluster(host, port, folder)
	if err != nil {
		t.Fatal(err)
	}
	check(t, got, nil)
}

// knows waits until the server knows a token: it fetches the issuers' keys after
// it has started.
func (c *cluster) knows(t *testing.T, token string) {
	t.Helper()
	for range 300 {
		if got, err := c.send(t.Context(), token, "GET", "/api/v1/namespaces/default/secrets/none", nil); err == nil && got.status != http.StatusUnauthorized {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("the server does not come to know the token")
}

// TestJob: the cluster takes a job's identity token by its signature, issuer,
// audience, time and claims, and for the right of its subject.
func TestJob(t *testing.T) {
	namespace := live.namespace(t, "job")
	live.put(t, namespace, "api", map[string][]byte{"KEY": []byte("value")})
	live.bind(t, namespace, "github:repo:acme/api:environment:keyplumb-prod", "api")
	live.bind(t, namespace, "gitlab:project_path:acme/api:ref_type:branch:ref:main", "api")
	live.knows(t, live.issuer.sign(claimsOf("prod")))
	live.knows(t, live.issuer.sign(gitlab()))
	forger, err := newIssuer()
	if err != nil {
		t.Fatal(err)
	}
	with := func(claims jwt.MapClaims, name string, value any) string {
		claims[name] = value
		return live.issuer.sign(claims)
	}
	for name, test := range map[string]struct {
		token string
		kind  error
	}{
		"GitHub's":           {live.issuer.sign(claimsOf("prod")), nil},
		"GitLab's":           {live.issuer.sign(gitlab()), nil},
		"another job":        {live.issuer.sign(claimsOf("dev")), store.ErrDenied},
		"another branch":     {with(gitlab(), "sub", "project_path:acme/api:ref_type:branch:ref:other"), store.ErrDenied},
		"another repository": {with(claimsOf("prod"), "repository", "mallory/api"), store.ErrUnauthentic},
		"another's name":     {with(claimsOf("prod"), "repository_id", "987654321"), store.ErrUnauthentic},
		"another ref":        {with(claimsOf("prod"), "ref", "refs/heads/other"), store.ErrUnauthentic},
		"another project":    {with(gitlab(), "project_id", "654321"), store.ErrUnauthentic},
		"an open branch":     {with(gitlab(), "ref_protected", "false"), store.ErrUnauthentic},
		"another audience":   {with(claimsOf("prod"), "aud", "https://elsewhere.example"), store.ErrUnauthentic},
		"another issuer":     {with(claimsOf("prod"), "iss", "https://gitlab.example"), store.ErrUnauthentic},
		"over":               {with(claimsOf("prod"), "exp", time.Now().Add(-time.Hour).Unix()), store.ErrUnauthentic},
		"forged":             {forger.sign(claimsOf("prod")), store.ErrUnauthentic},
		"nonsense":           {"nonsense", store.ErrUnauthentic},
	} {
		t.Run(name, func(t *testing.T) {
			got := kubernetes.Job(live.url, audience, live.tls(), func(_ context.Context, asked string) (secret.Value, error) {
				if asked != audience {
					t.Errorf("a token for %q is asked for", asked)
				}
				return secret.New([]byte(test.token)), nil
			})
			got.Namespace = namespace
			check(t, got, test.kind)
		})
	}
}
