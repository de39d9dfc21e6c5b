package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

const gcpAccess = "/versions/latest:access"

// TestJobLogsInToGoogle: the job of an environment proves who it is, becomes
// that environment's service account, and reads what is its environment's.
func TestJobLogsInToGoogle(t *testing.T) {
	for _, environment := range []string{"dev", "prod"} {
		t.Run(environment, func(t *testing.T) {
			t.Parallel()
			g := unsyncedGCP(t)
			g.must(exitOK, "sync", "--env", environment)
			for _, name := range []string{"FIRST", "SECOND"} {
				if got, _ := g.github.SecretValue(github.InEnvironment("acme/api", environment), name); got != values(environment, "one")[name] {
					t.Errorf("%s is %q", name, got)
				}
			}
			want := map[string]int{"POST /v1/token": 1, "POST /v1/projects/-/serviceAccounts/ci@acme-" + environment + ".iam.gserviceaccount.com:generateAccessToken": 1}
			for _, name := range []string{"FIRST", "SECOND", "PLAIN"} {
				want["GET /v1/"+secretOf(environment, name)+gcpAccess] = 1
			}
			// Whoever may not see ages is told so once, of each kind.
			asked := g.asked()
			denials := 0
			for request := range asked {
				if _, wanted := want[request]; !wanted {
					denials += asked[request]
					delete(asked, request)
				}
			}
			if !maps.Equal(asked, want) || denials != 2 {
				t.Errorf("asked %v and %d more, want %v", asked, denials, want)
			}
		})
	}
}

// TestGitLabJobLogsInToGoogle: as TestJobLogsInToGoogle, with the token that
// GitLab puts into a variable.
func TestGitLabJobLogsInToGoogle(t *testing.T) {
	g := unsyncedGCP(t)
	g.toGitLab(gitlab.Options{Clock: g.github.Clock()})
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "", "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_PROJECT_PATH": "acme/api",
		"GCP_ID_TOKEN": g.jobToken("https://iam.googleapis.com/" + gcpProvider),
	} {
		g.setenv(name, value)
	}
	g.write("keyplumb.cue", toGCP(gitlabPolicy))
	g.must(exitOK, "sync")
	if got := g.variable("prod", "FIRST").Value; got != values("prod", "one")["FIRST"] {
		t.Errorf("FIRST is %q", got)
	}
}

// TestGCPRequests: 300 secrets cost one request each, a login for the run, and
// two denials of their ages.
func TestGCPRequests(t *testing.T) {
	g := unsyncedGCP(t)
	var secrets strings.Builder
	for i := range 300 {
		name := fmt.Sprintf("SECRET_%03d", i)
		g.google.Put(secretOf("prod", name), []byte("value of "+name))
		fmt.Fprintf(&secrets, "\t%s: owner: \"a\"\n", name)
	}
	g.write("keyplumb.cue", "package keyplumb\n\nenvironments: prod: tier: \"production\"\n"+gcpSource+
		"\ntargets: api: {kind: \"github\", repository: \"acme/api\", scope: \"environment\"}\nsecrets: {\n"+secrets.String()+"}\n")
	if _, stdout, stderr := g.run("plan"); !strings.Contains(stdout+stderr, "SECRET_299") || strings.Contains(stdout+stderr, "missing-value") {
		t.Errorf("%s\n%s", stdout, stderr)
	}
	if asked := len(g.google.Requests()); asked != 300+2+2 {
		t.Errorf("%d requests, want 304", asked)
	}
}

// TestGoogleActionsFile: the file that google-github-actions/auth leaves in a
// job is the default chain's, and its token comes from the runner's service.
func TestGoogleActionsFile(t *testing.T) {
	g := unsyncedGCP(t)
	g.write("gha-creds-0123.json", g.ghaFile(g.runner.URL))
	g.byFile("gha-creds-0123.json")
	g.must(exitOK, "sync", "--env", "prod")
	if got, _ := g.github.SecretValue(github.InEnvironment("acme/api", "prod"), "FIRST"); got != values("prod", "one")["FIRST"] {
		t.Errorf("FIRST is %q", got)
	}
	if asked := g.asked(); asked["POST /v1/token"] != 1 || asked["POST "+gcpBecome] != 1 {
		t.Errorf("asked %v", asked)
	}
}

// TestOwnGoogleCredentials: whoever sits before a machine that is no CI job
// reads with credentials of their own, whatever the policy says of jobs: those
// that gcloud keeps, or the machine's.
func TestOwnGoogleCredentials(t *testing.T) {
	for name, prepare := range map[string]func(*gcpStage){
		"gcloud's": func(g *gcpStage) {
			g.write(".config/gcloud/application_default_credentials.json", g.ghaFile(g.runner.URL))
		},
		"gcloud's, elsewhere": func(g *gcpStage) {
			g.write("gcloud/application_default_credentials.json", g.ghaFile(g.runner.URL))
			g.setenv("CLOUDSDK_CONFIG", "gcloud")
		},
		"the machine's": func(g *gcpStage) {
			g.google.SetMachine(gcpAccount)
			g.setenv("GCE_METADATA_HOST", strings.TrimPrefix(g.url, "http://"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := unsyncedGCP(t)
			for _, variable := range []string{"CI", "GITHUB_ACTIONS"} {
				g.setenv(variable, "")
			}
			prepare(g)
			g.must(exitOK, "plan", "--env", "prod")
			// In CI the policy says how a job logs in.
			g.setenv("GITHUB_ACTIONS", "true")
			g.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
			if out := g.must(exitFailed, "plan", "--env", "prod"); !strings.Contains(out, "there is no identity token") {
				t.Errorf("%s", out)
			}
		})
	}
}

// TestNoHome: without a home nothing of the repository is taken for gcloud's.
func TestNoHome(t *testing.T) {
	g := unsyncedGCP(t)
	g.write(".config/gcloud/application_default_credentials.json", g.ghaFile(g.runner.URL))
	for _, variable := range []string{"CI", "GITHUB_ACTIONS", "HOME"} {
		g.setenv(variable, "")
	}
	g.setenv("GCE_METADATA_HOST", strings.TrimPrefix(g.url, "http://"))
	// In a process of its own, which runs in the repository.
	code, stdout, stderr := g.runAlone("plan", "--env", "prod")
	if code != exitFailed || !strings.Contains(stdout+stderr, "there are no credentials") || g.asked()["POST /v1/token"] != 0 {
		t.Errorf("ended with %d\n%s%s", code, stdout, stderr)
	}
}

// TestIdentityByHand: a machine that keyplumb does not know for a CI job may
// have an identity token all the same.
func TestIdentityByHand(t *testing.T) {
	g := unsyncedGCP(t)
	for _, variable := range []string{"CI", "GITHUB_ACTIONS"} {
		g.setenv(variable, "")
	}
	g.setenv("GCP_ID_TOKEN", g.jobToken("https://iam.googleapis.com/"+gcpProvider))
	g.must(exitOK, "plan", "--env", "prod")
	if asked := g.asked(); asked["POST /v1/token"] != 1 {
		t.Errorf("asked %v", asked)
	}
}

// TestRegionalSecrets: a location has names of its own.
func TestRegionalSecrets(t *testing.T) {
	g := unsyncedGCP(t)
	for name, value := range values("prod", "regional") {
		g.google.Put("projects/acme-prod/locations/europe-west4/secrets/"+name, []byte(value))
	}
	g.source(`kind: "gcp"`, `kind: "gcp", location: "europe-west4"`)
	g.must(exitOK, "sync", "--env", "prod")
	if got, _ := g.github.SecretValue(github.InEnvironment("acme/api", "prod"), "FIRST"); got != values("prod", "regional")["FIRST"] {
		t.Errorf("FIRST is %q", got)
	}
}
