package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
)

// TestNothingIsGivenUp: where a vault, or who stands before it, says anything
// but that a secret is not there, an optional one is neither deleted nor in sync.
func TestNothingIsGivenUp(t *testing.T) {
	statuses := map[string]http.HandlerFunc{}
	for name, status := range map[string]int{"404": http.StatusNotFound, "410": http.StatusGone, "403": http.StatusForbidden} {
		statuses[name] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
	}
	spoils := map[string]func(*vaultStage){
		"denied":       func(v *vaultStage) { v.vault.AddPolicy("read-prod", emulator.Allow("kv/data/prod/other", "read")) },
		"sealed":       func(v *vaultStage) { v.vault.Seal() },
		"no such role": func(v *vaultStage) { v.source(`role: "ci-{env}"`, `role: "cd-{env}"`) },
		"a wrong pin": func(v *vaultStage) {
			v.vault.AddPolicy("read-prod", emulator.Allow("kv/*", "read"))
			v.source(`mount: "kv"`, `mount: "kv", kv: 1`)
		},
		"no such mount": func(v *vaultStage) {
			v.vault.AddPolicy("read-prod", emulator.Allow("gone/*", "read"))
			v.source(`mount: "kv"`, `mount: "gone", kv: 2`)
		},
	}
	for name, handler := range statuses {
		spoils["the runner's service says "+name] = func(v *vaultStage) { v.runner.Config.Handler = handler }
		spoils["a proxy says "+name] = func(v *vaultStage) {
			proxy := httptest.NewServer(handler)
			t.Cleanup(proxy.Close)
			v.setenv("VAULT_ADDR", proxy.URL)
			v.source(`mount: "kv"`, `mount: "kv", kv: 2`)
			v.source(`method: "jwt"`, `audience: "`+v.url+`", method: "jwt"`)
		}
	}
	for name, spoil := range spoils {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := unsyncedVault(t)
			v.edit("keyplumb.cue", func(text string) string {
				return strings.NewReplacer(`FIRST: owner:  "a"`, `FIRST: {owner: "a", optional: true}`, `SECOND: owner: "a"`, `SECOND: {owner: "a", optional: true}`,
					`PLAIN: {owner: "a"`, `PLAIN: {optional: true, owner: "a"`).Replace(text)
			})
			v.must(exitOK, "sync", "--env", "prod")
			spoil(v)
			for _, args := range [][]string{{"drift", "--env", "prod"}, {"sync", "--env", "prod", "--prune"}} {
				if out := v.must(exitFailed, args...); strings.Contains(out, "in sync") && !strings.Contains(out, "0 in sync") {
					t.Errorf("%s", out)
				}
			}
			for _, name := range []string{"FIRST", "SECOND"} {
				if got, _ := v.github.SecretValue(github.InEnvironment("acme/api", "prod"), name); got != values("prod", "one")[name] {
					t.Errorf("%s is %q", name, got)
				}
			}
		})
	}
}
