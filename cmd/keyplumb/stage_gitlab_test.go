package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// gitlabStage is a stage at GitLab: its target is the project acme/api, and its
// environments dev and prod are the environment scopes of these names.
func gitlabStage(t testing.TB) *stage {
	t.Helper()
	s := newStage(t)
	s.toGitLab(gitlab.Options{Clock: s.github.Clock()})
	s.write("keyplumb.cue", gitlabPolicy)
	return s
}

// toGitLab starts an emulated GitLab for the stage.
func (s *stage) toGitLab(options gitlab.Options) {
	s.t.Helper()
	s.gitlab = gitlab.New(options)
	s.gitlab.AddProject("acme/api")
	s.gitlab.AddToken(stageToken, gitlab.Member("acme/api", gitlab.Maintainer))
	listening := httptest.NewUnstartedServer(s.gitlab)
	s.connections = &harness.Connections{}
	s.connections.Watch(listening.Config)
	listening.Start()
	s.t.Cleanup(listening.Close)
	s.setenv("CI_API_V4_URL", listening.URL+"/api/v4")
	s.setenv("GITLAB_TOKEN", stageToken)
}

// gitlabPolicy is the stage's policy with a GitLab project for a target.
var gitlabPolicy = toProject(stagePolicy)

// toProject makes a policy's target of acme/api one at GitLab.
func toProject(policy string) string {
	return strings.Replace(policy, `{kind: "github", repository: "acme/api"}`, `{kind: "gitlab", project: "acme/api"}`, 1)
}

// inProject is the project's place.
func inProject() gitlab.Place { return gitlab.InProject("acme/api") }

// variable gives a variable of the project, which must be there.
func (s *stage) variable(scope, key string) gitlab.Variable {
	s.t.Helper()
	v, there := s.gitlab.Variable(inProject(), key, scope)
	if !there {
		s.t.Fatalf("%s for %s is not there", key, scope)
	}
	return v
}

// edit changes a variable behind keyplumb's back.
func (s *stage) editVariable(scope, key string, change func(*gitlab.Variable)) {
	s.t.Helper()
	if err := s.gitlab.EditVariable(inProject(), key, scope, change); err != nil {
		s.t.Fatal(err)
	}
}

// add adds a variable behind keyplumb's back.
func (s *stage) addVariable(v gitlab.Variable) {
	s.t.Helper()
	if err := s.gitlab.SetVariable(inProject(), v); err != nil {
		s.t.Fatal(err)
	}
}

// jobSees gives what a job of the environment sees, on a protected branch.
func (s *stage) jobSees(environment, key string) gitlab.JobVariable {
	s.t.Helper()
	v, there := s.gitlab.JobVariable(gitlab.Job{Project: "acme/api", Environment: environment, Protected: true}, key)
	if !there {
		s.t.Fatalf("a job in %s does not see %s", environment, key)
	}
	return v
}
