package kubernetes_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// A job is a job of GitHub Actions in which keyplumb runs: a repository, an
// emulated GitHub to write to, a runner that says who the job is, and the real
// cluster to read from.
type job struct {
	t         *testing.T
	namespace string
	github    *github.Server
	folder    string
	command   string
	environ   []string
}

const jobPolicy = `package keyplumb

environments: prod: tier: "production"
sources: cluster: {kind: "kubernetes", address: "ADDRESS", namespace: "NAMESPACE", path: "api", auth: AUTH}
targets: api: {kind: "github", repository: "acme/api"}
secrets: {
	KEY: owner: "payments"
	USER: {owner: "payments", in: prod: from: field: "json.user"}
}
`

// startJob sets up a job of an environment, where the cluster lets keyplumb-prod
// read.
func startJob(t *testing.T, environment string) *job {
	t.Helper()
	j := &job{t: t, namespace: live.namespace(t, "command"), github: github.New(github.Options{}), folder: t.TempDir()}
	live.put(t, j.namespace, "api", map[string][]byte{"KEY": []byte("first-value"), "json": []byte(`{"user": "user-value"}`)})
	live.bind(t, j.namespace, "github:repo:acme/api:environment:keyplumb-prod", "api")
	live.knows(t, live.issuer.sign(claimsOf("prod")))
	j.github.AddRepository("acme/api")
	j.github.AddEnvironment("acme/api", "prod")
	j.github.AddToken("token-of-the-app")
	served := httptest.NewServer(j.github)
	t.Cleanup(served.Close)
	j.command = filepath.Join(t.TempDir(), "keyplumb")
	j.run(exec.CommandContext(t.Context(), "go", "build", "-C", "../../..", "-o", j.command, "./cmd/keyplumb"))
	j.policy(fmt.Sprintf(`{method: "oidc", audience: %q}`, audience))
	j.environ = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NO_COLOR=1", "CI=true", "GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=push",
		"GITHUB_REPOSITORY=acme/api", "GITHUB_API_URL=" + served.URL, "GITHUB_TOKEN=token-of-the-app",
		"KUBERNETES_ADDR=" + live.url, "KUBERNETES_CACERT=" + live.roots,
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + runner(t, environment) + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=bearer-of-the-job",
	}
	j.environ = append(j.environ, "KEYPLUMB_LEDGER_KEY="+strings.TrimSpace(j.run(exec.CommandContext(t.Context(), j.command, "keygen"))))
	return j
}

// runner makes tokens for a job of an environment.
// https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
func runner(t *testing.T, environment string) string {
	t.Helper()
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, asked *http.Request) {
		if asked.Header.Get("Authorization") != "Bearer bearer-of-the-job" || asked.URL.Query().Get("api-version") != "2.0" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		claims := claimsOf(environment)
		claims["aud"] = asked.URL.Query().Get("audience")
		_ = json.NewEncoder(w).Encode(fields{"count": 1, "value": live.issuer.sign(claims)}) // who hung up needs no answer
	}))
	t.Cleanup(served.Close)
	return served.URL
}

func (j *job) policy(auth string) {
	j.t.Helper()
	text := strings.NewReplacer("ADDRESS", live.url, "NAMESPACE", j.namespace, "AUTH", auth).Replace(jobPolicy)
	if err := os.WriteFile(filepath.Join(j.folder, "keyplumb.cue"), []byte(text), 0o600); err != nil {
		j.t.Fatal(err)
	}
}

func (j *job) run(cmd *exec.Cmd) string {
	j.t.Helper()
	out, err := cmd.Output()
	if err != nil {
		j.t.Fatalf("%s: %v", cmd, err)
	}
	return string(out)
}

// keyplumb runs in the job, and must end with the code.
func (j *job) keyplumb(code int, args ...string) string {
	j.t.Helper()
	cmd := exec.CommandContext(j.t.Context(), j.command, args...)
	cmd.Dir, cmd.Env = j.folder, j.environ
	out, _ := cmd.CombinedOutput() // its code is looked at below
	if got := cmd.ProcessState.ExitCode(); got != code {
		j.t.Fatalf("keyplumb %s ended with %d, want %d\n%s", strings.Join(args, " "), got, code, out)
	}
	for _, secret := range []string{"first-value", "user-value", "token-of-the-app", "bearer-of-the-job", "eyJ", live.user} {
		if strings.Contains(string(out), secret) {
			j.t.Errorf("%s shows %q:\n%s", args[0], secret, out)
		}
	}
	return string(out)
}

func (j *job) arrived(t *testing.T) {
	t.Helper()
	for name, want := range map[string]string{"KEY": "first-value", "USER": "user-value"} {
		if got, _ := j.github.SecretValue(github.InEnvironment("acme/api", "prod"), name); got != want {
			t.Errorf("%s arrived as %q, want %q", name, got, want)
		}
	}
}

// TestCommand is the whole way: a job without a standing credential asks the
// runner who it is, the API server checks that against the issuer's key set, its
// configuration and RBAC, and what the job may read arrives at GitHub.
func TestCommand(t *testing.T) {
	j := startJob(t, "prod")
	j.keyplumb(0, "sync")
	j.arrived(t)
	live.put(t, j.namespace, "api", map[string][]byte{"KEY": []byte("second-value"), "json": []byte(`{"user": "user-value"}`)})
	if told := j.keyplumb(1, "drift"); !strings.Contains(told, "KEY") || strings.Contains(told, "second-value") {
		t.Errorf("drift does not tell of the change, or of more:\n%s", told)
	}
}

// TestCommandOfAnotherEnvironment is refused by RBAC: nothing is read, and
// nothing is written.
func TestCommandOfAnotherEnvironment(t *testing.T) {
	j := startJob(t, "dev")
	if told := j.keyplumb(3, "sync"); !strings.Contains(told, `resourceNames: ["api"]`) || !strings.Contains(told, j.namespace) {
		t.Errorf("the refusal is not told:\n%s", told)
	}
	if left := j.github.Snapshot(); strings.Contains(left, "KEY") {
		t.Errorf("something was written:\n%s", left)
	}
}

// TestCommandWithAPlugin: a kubeconfig's plugin, which shows its token on
// standard error, lets the job in.
func TestCommandWithAPlugin(t *testing.T) {
	j := startJob(t, "dev")
	live.bind(t, j.namespace, "ci", "api")
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(live.user), 0o600); err != nil {
		t.Fatal(err)
	}
	j.policy(`{method: "default"}`)
	j.environ = append(j.environ, "KUBECONFIG="+kubeconfig(t, "default", pluginOf(token, live.url)))
	j.keyplumb(0, "sync")
	j.arrived(t)
}
