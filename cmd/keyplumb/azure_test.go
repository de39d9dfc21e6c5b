package main

import (
	"maps"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

const (
	azureDiscovery = "/" + azureTenant + "/v2.0/.well-known/openid-configuration"
	azureToken     = "/" + azureTenant + "/oauth2/v2.0/token" //nolint:gosec // a path, not a token
)

// TestAzureJobLogsIn: a job proves who it is, logs in once for each
// environment, and reads each secret once.
func TestAzureJobLogsIn(t *testing.T) {
	a := unsyncedAzure(t)
	a.must(exitOK, "sync", "--env", "prod")
	for _, name := range []string{"FIRST", "SECOND"} {
		if got, _ := a.github.SecretValue(github.InEnvironment("acme/api", "prod"), name); got != values("prod", "one")[name] {
			t.Errorf("%s is %q", name, got)
		}
	}
	asked := a.asked()
	for path, want := range map[string]int{"GET " + azureDiscovery: 1, "POST " + azureToken: 1} {
		if asked[path] != want {
			t.Errorf("%s was asked %d times, want %d", path, asked[path], want)
		}
		delete(asked, path)
	}
	// The one that goes first is challenged.
	total := 0
	for _, n := range asked {
		total += n
	}
	if len(asked) != 2 || total != 3 {
		t.Errorf("asked %v", asked)
	}
	if other := a.vault.Requests(); len(other) != 0 {
		t.Errorf("another vault was asked: %v", other)
	}
	a.must(exitOK, "drift", "--env", "prod")
}

// TestAzureGitLabJobLogsIn: as TestAzureJobLogsIn, with the token that GitLab
// puts into a variable.
func TestAzureGitLabJobLogsIn(t *testing.T) {
	a := unsyncedAzure(t)
	a.toGitLab(gitlab.Options{Clock: a.github.Clock()})
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "", "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_PROJECT_PATH": "acme/api",
		"AZURE_ID_TOKEN": a.jobToken("api://AzureADTokenExchange"),
	} {
		a.setenv(name, value)
	}
	a.write("keyplumb.cue", a.policyText(toProject(azurePolicy)))
	a.must(exitOK, "sync")
	if got := a.variable("prod", "FIRST").Value; got != values("prod", "one")["FIRST"] {
		t.Errorf("FIRST is %q", got)
	}
	if got := maps.Clone(a.asked())["POST "+azureToken]; got != 2 {
		t.Errorf("%d logins for two environments", got)
	}
}

// TestAzureOutsideCI: whoever sits before a machine that is no CI job logs in by
// Azure's own chain, though the policy lets jobs log in. In CI it is not looked
// at.
func TestAzureOutsideCI(t *testing.T) {
	a := unsyncedAzure(t)
	a.entra.AddApplication(emulator.Application{Tenant: azureTenant, Client: azureClient, Secret: "mine"})
	for name, value := range map[string]string{
		"AZURE_TENANT_ID": azureTenant, "AZURE_CLIENT_ID": azureClient, "AZURE_CLIENT_SECRET": "mine", "AZURE_KEYVAULT_URL": "",
		"CI": "", "GITHUB_ACTIONS": "", "ACTIONS_ID_TOKEN_REQUEST_URL": "",
	} {
		a.setenv(name, value)
	}
	a.must(exitOK, "plan")
	a.setenv("GITHUB_ACTIONS", "true")
	if out := a.must(exitFailed, "plan"); !strings.Contains(out, "there is no identity token") {
		t.Errorf("%s", out)
	}
}
