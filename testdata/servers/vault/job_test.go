package vault_test

import (
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// A job is a job of GitHub Actions in which keyplumb runs: a repository, an
// emulated GitHub to write to, a runner that says who the job is, and a real
// Vault to read from.
type job struct {
	t       *testing.T
	vault   *server
	github  *github.Server
	folder  string
	command string
	environ []string
}

const jobPolicy = `package keyplumb

environments: prod: tier: "production"
sources: vault: {
	kind:    "vault"
	address: "ADDRESS"
	mount:   "kv"
	path:    "{env}/web"
	auth: {method: "jwt", role: "ci-{env}"}
}
targets: api: {kind: "github", repository: "acme/api"}
secrets: {
	KEY: owner: "payments"
	OTHER: {owner: "payments", in: prod: from: field: "PORT"}
	OLD: {owner: "payments", in: prod: from: {field: "KEY", version: "previous"}}
}
`

// startJob sets up a job of a repository, where Vault's role is bound to
// acme/api.
func startJob(t *testing.T, repository string) *job {
	t.Helper()
	j := &job{t: t, vault: start(t), github: github.New(github.Options{}), folder: t.TempDir()}
	j.vault.secrets()
	runner := startRunner(t, repository)
	j.vault.trust(runner, "acme/api")
	j.github.AddRepository("acme/api")
	j.github.AddEnvironment("acme/api", "prod")
	j.github.AddToken("token-of-the-app")
	served := httptest.NewServer(j.github)
	t.Cleanup(served.Close)
	j.command = filepath.Join(t.TempDir(), "keyplumb")
	j.run(exec.CommandContext(t.Context(), "go", "build", "-C", "../../..", "-o", j.command, "./cmd/keyplumb"))
	if err := os.WriteFile(filepath.Join(j.folder, "keyplumb.cue"), []byte(strings.ReplaceAll(jobPolicy, "ADDRESS", j.vault.address)), 0o600); err != nil {
		t.Fatal(err)
	}
	j.environ = append(runner.environ(),
		"PATH="+os.Getenv("PATH"), "HOME="+t.TempDir(), "NO_COLOR=1", "CI=true", "GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=push",
		"GITHUB_REPOSITORY=acme/api", "GITHUB_API_URL="+served.URL, "GITHUB_TOKEN=token-of-the-app",
	)
	j.environ = append(j.environ, "KEYPLUMB_LEDGER_KEY="+strings.TrimSpace(j.run(exec.CommandContext(t.Context(), j.command, "keygen"))))
	return j
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
	for _, secret := range []string{"third", "second", "token-of-the-app", "bearer-of-the-job", "hvs."} {
		if strings.Contains(string(out), secret) {
			j.t.Errorf("%s shows %q:\n%s", args[0], secret, out)
		}
	}
	return string(out)
}

// TestJob is the whole way: a job without a standing credential asks the
// runner who it is, Vault checks that against the issuer's key set and the
// role's bound claims, and what it lets the job read arrives at GitHub.
func TestJob(t *testing.T) {
	j := startJob(t, "acme/api")
	before := j.vault.accessors()
	j.keyplumb(0, "sync")
	prod := github.InEnvironment("acme/api", "prod")
	for name, want := range map[string]string{"KEY": "third", "OTHER": "5432", "OLD": "second"} {
		if got, _ := j.github.SecretValue(prod, name); got != want {
			t.Errorf("%s arrived as %q, want %q", name, got, want)
		}
	}
	j.vault.admin("POST", "kv/data/prod/web", fields{"data": fields{"KEY": "fourth", "PORT": 5432}})
	if told := j.keyplumb(1, "drift"); !strings.Contains(told, "KEY") {
		t.Errorf("drift does not tell of the change:\n%s", told)
	}
	if after := j.vault.accessors(); !maps.Equal(before, after) {
		t.Errorf("tokens outlive the run: %q", slices.Sorted(maps.Keys(after)))
	}
}

// TestJobOfAnotherRepository is refused by Vault's bound claims: nothing is
// read, and nothing is written.
func TestJobOfAnotherRepository(t *testing.T) {
	j := startJob(t, "acme/other")
	told := j.keyplumb(3, "sync")
	if !strings.Contains(told, "claims") || !strings.Contains(told, "ci-prod") {
		t.Errorf("the refusal is not told:\n%s", told)
	}
	if left := j.github.Snapshot(); strings.Contains(left, "KEY") {
		t.Errorf("something was written:\n%s", left)
	}
}

// TestJobAndASealedVault ends with 3, too.
func TestJobAndASealedVault(t *testing.T) {
	j := startJob(t, "acme/api")
	j.vault.seal()
	if told := j.keyplumb(3, "sync"); !strings.Contains(told, "sealed") {
		t.Errorf("it is not told that the vault is sealed:\n%s", told)
	}
}
