package main

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

// TestJobReadsCluster: the job of an environment proves who it is, and reads
// what is its environment's.
func TestJobReadsCluster(t *testing.T) {
	for _, environment := range []string{"dev", "prod"} {
		t.Run(environment, func(t *testing.T) {
			t.Parallel()
			k := inKubernetes(newStage(t), environment)
			k.cluster.SetWarnings("v1 Secrets are going to be something else")
			out := k.must(exitOK, "sync", "--env", environment)
			for _, name := range []string{"FIRST", "SECOND"} {
				if got, _ := k.github.SecretValue(github.InEnvironment("acme/api", environment), name); got != values(environment, "one")[name] {
					t.Errorf("%s is %q", name, got)
				}
			}
			if asked := k.asked(); !slices.Equal(asked, []string{"GET " + environment + "/secrets/api"}) {
				t.Errorf("asked %q", asked)
			}
			if strings.Contains(out, "going to be") {
				t.Errorf("a warning of the cluster's is shown: %s", out)
			}
		})
	}
}

// TestGitLabJobReadsCluster: as TestJobReadsCluster, with the token that GitLab
// puts into a variable.
func TestGitLabJobReadsCluster(t *testing.T) {
	k := unsyncedCluster(t)
	k.toGitLab(gitlab.Options{Clock: k.github.Clock()})
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "", "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_PROJECT_PATH": "acme/api", "KUBERNETES_ID_TOKEN": k.jobToken(k.url),
	} {
		k.setenv(name, value)
	}
	k.write("keyplumb.cue", k.toCluster(gitlabPolicy, jobsLogIn))
	k.must(exitOK, "sync")
	if got := k.variable("prod", "FIRST").Value; got != values("prod", "one")["FIRST"] {
		t.Errorf("FIRST is %q", got)
	}
}

// TestKubeconfig: who has a kubeconfig is who it says; in CI, too, where the
// policy names the same cluster.
func TestKubeconfig(t *testing.T) {
	for name, user := range map[string]func(*clusterStage, string) string{
		"token": func(_ *clusterStage, token string) string { return `{token: "` + token + `"}` },
		"file": func(k *clusterStage, token string) string {
			k.writeOutside("token", token+"\n")
			return `{tokenFile: token}`
		},
		"plugin": func(k *clusterStage, token string) string { return k.plugin(credential(token)) },
	} {
		for _, ci := range []string{"true", ""} {
			t.Run(name+" "+ci, func(t *testing.T) {
				t.Parallel()
				k := unsyncedCluster(t)
				token := rand.Text()
				k.user(token)
				k.kubeconfig(user(k, token))
				k.setenv("CI", ci)
				k.setenv("GITHUB_ACTIONS", ci)
				k.must(exitOK, "sync")
				if got, _ := k.github.SecretValue(github.InEnvironment("acme/api", "prod"), "FIRST"); got != values("prod", "one")["FIRST"] {
					t.Errorf("FIRST is %q", got)
				}
			})
		}
	}
}

// TestOneLoginForAll: the environments of a cluster are entered once, by a job's
// token and by a plugin.
func TestOneLoginForAll(t *testing.T) {
	k := unsyncedCluster(t)
	tokens := 0
	k.told = func(string) { tokens++ }
	k.must(exitOK, "plan")
	if asked := k.asked(); tokens != 1 || len(asked) != 2 {
		t.Errorf("%d tokens for %q", tokens, asked)
	}
	token, ran := rand.Text(), filepath.Join(k.outside, "ran")
	k.user(token)
	k.kubeconfig(k.plugin("echo >> " + ran + "; " + credential(token)))
	k.must(exitOK, "plan")
	if runs, err := os.ReadFile(ran); err != nil || len(runs) != 1 {
		t.Errorf("the plugin was run %d times, %v", len(runs), err)
	}
}

// TestKubeconfigByHand: in a policy that lets jobs log in, who sits before a
// machine that is none reads with a kubeconfig.
func TestKubeconfigByHand(t *testing.T) {
	k := unsyncedCluster(t)
	token := rand.Text()
	k.user(token)
	k.kubeconfig(`{token: "` + token + `"}`)
	k.write("keyplumb.cue", k.toCluster(stagePolicy, jobsLogIn))
	k.setenv("CI", "")
	k.setenv("GITHUB_ACTIONS", "")
	k.must(exitOK, "plan")
	// In CI it is not looked at.
	k.setenv("GITHUB_ACTIONS", "true")
	k.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
	if out := k.must(exitFailed, "plan"); !strings.Contains(out, "there is no identity token") {
		t.Errorf("%s", out)
	}
}

// TestNobodyIsAskedInCI: a plugin gets no terminal there, whatever the job's
// standard input is.
func TestNobodyIsAskedInCI(t *testing.T) {
	for _, ci := range []string{"", unknownCI, githubCI, gitlabCI} {
		p := &providers{run: &run{Command: &Command{Stdin: os.Stdin}}, job: job{ci: ci}}
		if got := p.kubeconfig(policy.Source{}, nil).Terminal; (got != nil) != (ci == "") {
			t.Errorf("in CI %q the terminal is %v", ci, got)
		}
	}
}

// TestIsBelow: a folder beside a checkout is none of it, whatever its name: there
// GitLab's runner keeps the files of variables.
func TestIsBelow(t *testing.T) {
	for file, want := range map[string]bool{"/builds/api/x": true, "/builds/api/..x": true, "/builds/api": true, "/builds/api.tmp/KUBECONFIG": false, "/builds/x": false, "/builds": false} {
		if got := isBelow("/builds/api", file); got != want {
			t.Errorf("%s: %v", file, got)
		}
	}
}
