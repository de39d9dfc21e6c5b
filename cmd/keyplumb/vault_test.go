package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
)

// TestJobLogsIn: the job of an environment proves who it is, reads what is its
// environment's, and leaves no token behind.
func TestJobLogsIn(t *testing.T) {
	for _, environment := range []string{"dev", "prod"} {
		t.Run(environment, func(t *testing.T) {
			t.Parallel()
			v := inVault(newStage(t), environment)
			var roles []string
			v.vault.After(func(_ int, _, path string) {
				if path == "/auth/jwt/login" {
					for _, token := range v.vault.Tokens() {
						roles = append(roles, strings.Join(token.Policies, " "))
					}
				}
			})
			v.must(exitOK, "sync", "--env", environment)
			for _, name := range []string{"FIRST", "SECOND"} {
				if got, _ := v.github.SecretValue(github.InEnvironment("acme/api", environment), name); got != values(environment, "one")[name] {
					t.Errorf("%s is %q", name, got)
				}
			}
			if want := "default read-" + environment; len(roles) != 1 || roles[0] != want {
				t.Errorf("logged in as %q, want %q", roles, want)
			}
			if alive := v.vault.Tokens(); len(alive) != 0 {
				t.Errorf("%d tokens are left", len(alive))
			}
			want := map[string]int{"POST /auth/jwt/login": 1, "GET /sys/internal/ui/mounts/kv": 1, "GET /kv/data/" + environment + "/api": 1, "POST /auth/token/revoke-self": 1}
			if asked := v.asked(); !maps.Equal(asked, want) {
				t.Errorf("asked %v, want %v", asked, want)
			}
		})
	}
}

// TestGitLabJobLogsIn: as TestJobLogsIn, with the token that GitLab puts into a
// variable.
func TestGitLabJobLogsIn(t *testing.T) {
	v := unsyncedVault(t)
	v.toGitLab(gitlab.Options{Clock: v.github.Clock()})
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "", "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_PROJECT_PATH": "acme/api", "VAULT_ID_TOKEN": v.jobToken(v.url),
	} {
		v.setenv(name, value)
	}
	v.write("keyplumb.cue", toVault(gitlabPolicy))
	v.must(exitOK, "sync")
	if got := v.variable("prod", "FIRST").Value; got != values("prod", "one")["FIRST"] {
		t.Errorf("FIRST is %q", got)
	}
	if alive := v.vault.Tokens(); len(alive) != 0 {
		t.Errorf("%d tokens are left", len(alive))
	}
}

// TestVaultRequests: 300 secrets under 3 paths are 3 requests, a login, its end,
// and one to find the mount, which the policy can save.
func TestVaultRequests(t *testing.T) {
	for kv, want := range map[string]map[string]int{
		"":        {"POST /auth/jwt/login": 1, "GET /sys/internal/ui/mounts/kv": 1, "POST /auth/token/revoke-self": 1},
		"kv: 2, ": {"POST /auth/jwt/login": 1, "POST /auth/token/revoke-self": 1},
	} {
		v := unsyncedVault(t)
		var secrets strings.Builder
		fields := [3]map[string]any{{}, {}, {}}
		for i := range 300 {
			name := fmt.Sprintf("SECRET_%03d", i)
			fields[i%3][name] = "value of " + name
			fmt.Fprintf(&secrets, "\t%s: {owner: \"a\", in: prod: from: path: \"prod/%d\"}\n", name, i%3)
		}
		wanted := maps.Clone(want)
		for i := range fields {
			v.vault.Put("kv", fmt.Sprint("prod/", i), fields[i])
			wanted[fmt.Sprint("GET /kv/data/prod/", i)] = 1
		}
		v.write("keyplumb.cue", "package keyplumb\n\nenvironments: prod: tier: \"production\"\n"+strings.Replace(vaultSource, "mount:", kv+"mount:", 1)+
			"\ntargets: api: {kind: \"github\", repository: \"acme/api\", scope: \"environment\"}\nsecrets: {\n"+secrets.String()+"}\n")
		if _, stdout, stderr := v.run("plan"); !strings.Contains(stdout+stderr, "SECRET_299") || strings.Contains(stdout+stderr, "missing-value") {
			t.Errorf("%s\n%s", stdout, stderr)
		}
		if asked := v.asked(); !maps.Equal(asked, wanted) {
			t.Errorf("asked %v, want %v", asked, wanted)
		}
	}
}

// TestUsersOwnToken: whoever sits before a machine that is no CI job reads with
// a token of their own, which is not revoked.
func TestUsersOwnToken(t *testing.T) {
	v := unsyncedVault(t)
	v.vault.AddToken("hvs.mine")
	v.setenv("VAULT_TOKEN", "hvs.mine")
	for _, name := range []string{"CI", "GITHUB_ACTIONS"} {
		v.setenv(name, "")
	}
	v.must(exitOK, "plan")
	if asked := v.asked(); asked["POST /auth/jwt/login"] != 0 || len(v.vault.Tokens()) != 1 {
		t.Errorf("asked %v; %d tokens are left", asked, len(v.vault.Tokens()))
	}
	// In CI it is not looked at.
	v.setenv("GITHUB_ACTIONS", "true")
	v.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
	if out := v.must(exitFailed, "plan"); !strings.Contains(out, "there is no identity token") {
		t.Errorf("%s", out)
	}
}

// TestLedgerKeyInVault: the ledger's key can lie in the vault, too, in a source
// that is of no environment; the token is given back at once.
func TestLedgerKeyInVault(t *testing.T) {
	v := unsyncedVault(t)
	v.vault.AddPolicy("read-key", emulator.Allow("kv/data/keyplumb", "read"))
	v.vault.AddJWTRole("jwt", emulator.JWTRole{Name: "ci-key", BoundAudiences: []string{v.url}, Policies: []string{"read-key"}, BoundClaims: map[string][]string{"repository": {"acme/api"}}})
	v.vault.Put("kv", "keyplumb", map[string]any{"KEYPLUMB_LEDGER_KEY": v.ledgerKey.Encode()})
	v.must(exitOK, "sync")
	v.setenv("KEYPLUMB_LEDGER_KEY", "")
	policy := strings.Replace(toVault(stagePolicy), "sources: vault:", `sources: keys: {kind: "vault", mount: "kv", path: "keyplumb", auth: {method: "jwt", role: "ci-key"}}
ledger: key: from: source: "keys"
sources: vault:`, 1)
	policy = strings.NewReplacer(`FIRST: owner:  "a"`, `FIRST: {owner: "a", in: [_]: from: source: "vault"}`, `SECOND: owner: "a"`, `SECOND: {owner: "a", in: [_]: from: source: "vault"}`,
		`PLAIN: {owner: "a", `, `PLAIN: {owner: "a", in: [_]: from: source: "vault", `).Replace(policy)
	v.write("keyplumb.cue", policy)
	if out := v.must(exitOK, "drift"); !strings.Contains(out, "6 in sync") {
		t.Errorf("%s", out)
	}
	// However the key is not to be had, nothing else is done, and no token is left.
	for name, spoil := range map[string]func(){
		"missing": func() { v.vault.Remove("kv", "keyplumb") },
		"no key":  func() { v.vault.Put("kv", "keyplumb", map[string]any{"KEYPLUMB_LEDGER_KEY": "none"}) },
		"denied":  func() { v.vault.AddPolicy("read-key", emulator.Allow("kv/data/other", "read")) },
	} {
		spoil()
		if out := v.must(exitFailed, "sync", "--prune"); !strings.Contains(out, "ledger key") {
			t.Errorf("%s: %s", name, out)
		}
	}
	if alive := v.vault.Tokens(); len(alive) != 0 {
		t.Errorf("%d tokens are left", len(alive))
	}
}

// TestVaultsOwnRoots: VAULT_CACERT names who is believed.
func TestVaultsOwnRoots(t *testing.T) {
	v := unsyncedVault(t)
	secured := listenTLS(t, v.vault)
	v.setenv("VAULT_ADDR", secured.url)
	for _, environment := range []string{"dev", "prod"} {
		v.vault.AddJWTRole("jwt", emulator.JWTRole{Name: "ci-" + environment, BoundAudiences: []string{secured.url}, Policies: []string{"read-" + environment}})
	}
	(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"the server's certificate is not trusted"}}).try(v.stage)
	v.setenv("VAULT_SKIP_VERIFY", "true")
	(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"the server's certificate is not trusted"}}).try(v.stage)
	file := filepath.Join(v.dir, "roots.pem")
	if err := os.WriteFile(file, secured.roots, 0o600); err != nil {
		t.Fatal(err)
	}
	v.setenv("VAULT_CACERT", "roots.pem")
	v.must(exitOK, "sync")
}

// TestTokenEndsWithTheRun: however a run ends, the token that it borrowed ends
// with it.
func TestTokenEndsWithTheRun(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(v *vaultStage, interrupt func())
		code  int
	}{
		"denied":                   {func(v *vaultStage, _ func()) { v.fault("GET", "/kv/data/prod/api", emulator.Refuse(403)) }, exitFailed},
		"missing":                  {func(v *vaultStage, _ func()) { v.vault.Remove("kv", "prod/api") }, exitFindings},
		"interrupted":              {interruptedAt("/sys/internal"), exitInterrupted},
		"interrupted at the login": {interruptedAt("/auth/jwt/login"), exitInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := unsyncedVault(t)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			cmd := v.process(ctx, "sync", "--env", "prod")
			cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
			test.spoil(v, interrupt)
			out, _ := cmd.CombinedOutput() // its code is looked at
			if code := cmd.ProcessState.ExitCode(); code != test.code {
				t.Errorf("ended with %d, want %d\n%s", code, test.code, out)
			}
			if alive := v.vault.Tokens(); len(alive) != 0 || v.asked()["POST /auth/jwt/login"] != 1 {
				t.Errorf("%d tokens are left of %d logins\n%s", len(alive), v.asked()["POST /auth/jwt/login"], out)
			}
		})
	}
}

// interruptedAt interrupts the run when the vault has done what it was asked, and
// has not answered yet.
func interruptedAt(start string) func(*vaultStage, func()) {
	return func(v *vaultStage, interrupt func()) {
		v.vault.After(func(_ int, _, path string) {
			if strings.HasPrefix(path, start) {
				interrupt()
				time.Sleep(200 * time.Millisecond)
			}
		})
	}
}

// TestTokenThatStays: a vault that was sealed meanwhile cannot revoke, and the
// user is told.
func TestTokenThatStays(t *testing.T) {
	v := unsyncedVault(t)
	v.fault("POST", "/auth/token/revoke-self", emulator.Refuse(503))
	if out := v.must(exitOK, "sync"); strings.Count(out, "note: a token could not be revoked; it runs out by itself") != 1 {
		t.Errorf("%s", out)
	}
}

type panicking struct{}

func (panicking) Close(context.Context) error { panic("hvs.canary") }

// TestPanicAtTheEnd: a defect while a token is given back keeps no other token
// from being given back, and shows none.
func TestPanicAtTheEnd(t *testing.T) {
	var errs strings.Builder
	p := &providers{run: &run{Command: &Command{Stderr: &errs}}, borrowed: []closer{panicking{}}}
	p.close(t.Context())
	if out := errs.String(); strings.Contains(out, "canary") || !strings.Contains(out, "could not be revoked") {
		t.Errorf("%s", out)
	}
}

// TestVaultSaysExpired: a date beside the secrets, and whose they are, reach
// the plan.
func TestVaultSaysExpired(t *testing.T) {
	v := unsyncedVault(t)
	v.vault.SetCustomMetadata("kv", "prod/api", map[string]string{"owner": "payments", "expires": "2020-01-31"})
	v.edit("keyplumb.cue", func(text string) string { return swap(text, `FIRST: owner:  "a"`, `FIRST: {}`) })
	out := v.must(exitFindings, "sync", "--env", "prod")
	for _, want := range []string{"expired-value", "expired at 2020-01-31 00:00:00 UTC", "its source names payments as its owner"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestIdentityIsTheRunners: only a job of GitHub Actions asks the runner's
// service, and never in clear text over a network.
func TestIdentityIsTheRunners(t *testing.T) {
	for name, environ := range map[string]map[string]string{
		"a machine":      {"CI": "", "GITHUB_ACTIONS": ""},
		"GitLab":         {"GITHUB_ACTIONS": "", "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push"},
		"another system": {"GITHUB_ACTIONS": ""},
		"clear text":     {"ACTIONS_ID_TOKEN_REQUEST_URL": "http://runner.example/token"},
		"no address":     {"ACTIONS_ID_TOKEN_REQUEST_URL": "/token"},
		"no bearer":      {"ACTIONS_ID_TOKEN_REQUEST_TOKEN": ""},
	} {
		v := unsyncedVault(t)
		v.runner.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Errorf("%s: the runner is asked", name) })
		for variable, value := range environ {
			v.setenv(variable, value)
		}
		if out := v.must(exitFailed, "plan", "--env", "prod", "--allow-target", "api"); !strings.Contains(out, "identity token") || strings.Contains(out, v.bearer) {
			t.Errorf("%s: %s", name, out)
		}
		if asked := v.asked(); len(asked) != 0 {
			t.Errorf("%s: asked %v", name, asked)
		}
	}
}

// TestGoTellsNothing: Go's own debugging of HTTP/2 prints every header, a token
// among them, to the standard logger.
func TestGoTellsNothing(t *testing.T) {
	v := unsyncedVault(t)
	listening := httptest.NewUnstartedServer(v.vault)
	listening.EnableHTTP2 = true
	listening.StartTLS()
	t.Cleanup(listening.Close)
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: listening.Certificate().Raw})
	v.write("roots.pem", string(roots))
	v.vault.AddToken("hvs.canary")
	for name, value := range map[string]string{
		"VAULT_ADDR": listening.URL, "VAULT_CACERT": "roots.pem", "VAULT_TOKEN": "hvs.canary", "GODEBUG": "http2debug=2", "GITHUB_ACTIONS": "", "CI": "",
	} {
		v.setenv(name, value)
	}
	out, err := v.process(t.Context(), "plan", "--env", "prod").CombinedOutput()
	if err != nil || strings.Contains(string(out), "hvs.canary") || strings.Contains(string(out), "http2: ") {
		t.Errorf("%v\n%.2000s", err, out)
	}
}
