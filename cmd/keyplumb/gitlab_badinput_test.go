package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/secret"
)

// projectPolicy writes the stage's policy with one text in it replaced.
func projectPolicy(before, after string) func(*stage) {
	return func(s *stage) { s.write("keyplumb.cue", swap(gitlabPolicy, before, after)) }
}

func memberToken(limits ...gitlab.Limit) func(*stage) {
	return func(s *stage) {
		s.gitlab.AddToken("narrow-token", limits...)
		s.setenv("GITLAB_TOKEN", "narrow-token")
	}
}

// syncedProject has a sync go before what is bad.
func syncedProject(then func(*stage)) func(*stage) {
	return func(s *stage) {
		s.t.Helper()
		s.must(exitOK, "sync")
		then(s)
	}
}

func TestBadProject(t *testing.T) {
	const maintainer = "Maintainer"
	tryBadInputsOn(t, unsyncedProject, []badInput{
		{name: "no token", prepare: env("GITLAB_TOKEN", ""), code: exitFailed, want: []string{"there is no token", "hint: set GITLAB_TOKEN", maintainer, "api"}},
		{name: "no token but the job's own", prepare: func(s *stage) {
			s.setenv("GITLAB_TOKEN", "")
			s.setenv("CI_JOB_TOKEN", "glcbt-"+"bogus-job")
		}, code: exitFailed, want: []string{"hint: ", maintainer}, never: []string{"bogus-job"}},
		{name: "the job's own token", prepare: func(s *stage) {
			s.gitlab.AddJobToken("bogus-job-word")
			s.setenv("CI_JOB_TOKEN", "bogus-job-word")
			s.setenv("GITLAB_TOKEN", "bogus-job-word")
		}, code: exitFailed, want: []string{"CI_JOB_TOKEN", "hint: ", maintainer, "api"}, never: []string{"bogus-job-word"}},
		{name: "a job's token by its looks", prepare: env("GITLAB_TOKEN", "glcbt-"+"bogus-job"), code: exitFailed, want: []string{"CI_JOB_TOKEN", "hint: "}, never: []string{"bogus-job"}},
		{name: "a token that is refused", prepare: env("GITLAB_TOKEN", "stranger-word"), code: exitFailed, want: []string{"acme/api", "HTTP 401", "hint: "}, never: []string{"stranger-word"}},
		{name: "a developer's token", prepare: memberToken(gitlab.Member("acme/api", gitlab.Developer)), code: exitFailed, errors: 2, want: []string{"HTTP 403", "hint: ", maintainer}},
		{name: "a token of somebody else", prepare: memberToken(gitlab.Ordinary()), code: exitFailed, want: []string{"acme/api", "HTTP 404", "hint: "}},
		{name: "an unknown project", prepare: projectPolicy("acme/api", "acme/none"), code: exitFailed, want: []string{"acme/none", "HTTP 404", "hint: "}},
		{name: "a project that was moved", prepare: func(s *stage) { s.gitlab.MoveProject("acme/api", "acme/core") }, code: exitFailed, want: []string{"acme/api", "acme/core", "hint: "}},
		{name: "a name over 255 characters", prepare: projectPolicy("FIRST:", strings.Repeat("F", 256)+":"), code: exitUsage, want: []string{"255"}},
		{name: "a name of GitLab's own", prepare: projectPolicy("FIRST:", "CI_FIRST:"), code: exitUsage, want: []string{"CI_", "as:"}},
		{name: "a scope that GitLab refuses", prepare: projectPolicy(`project: "acme/api"`, `project: "acme/api", names: prod: "prod?"`), code: exitUsage, want: []string{"prod?", "help"}},
		{name: "two wildcards that both match", prepare: projectPolicy(`project: "acme/api"`, `project: "acme/api", names: {dev: "*-eu", prod: "prod-*"}`), code: exitUsage, want: []string{"*-eu", "prod-*"}},
		{name: "a description that leaves no room", prepare: projectPolicy(`FIRST: owner:  "a"`, fmt.Sprintf(`FIRST: {owner: "a", description: %q}`, strings.Repeat("d", 95))), code: exitUsage, want: []string{"94", "description"}},
		{name: "what cannot be masked", prepare: projectPolicy(`FIRST: owner:  "a"`, `FIRST: {owner: "a", masked: true, environments: ["prod"]}`), code: exitFindings, want: []string{"error[unmaskable]", "whitespace"}},
		{name: "what is too short to be masked", prepare: func(s *stage) {
			projectPolicy(`FIRST: owner:  "a"`, `FIRST: {owner: "a", hidden: true, environments: ["prod"]}`)(s)
			s.change("FIRST", "brief")
		}, code: exitFindings, want: []string{"error[unmaskable]", "8 characters"}},
		{name: "a character that GitLab does not mask", prepare: func(s *stage) {
			projectPolicy(`FIRST: owner:  "a"`, `FIRST: {owner: "a", masked: true, raw: false, environments: ["prod"]}`)(s)
			s.change("FIRST", "not-by-gitlab;even-so")
		}, code: exitFindings, want: []string{"error[unmaskable]", "character"}, never: []string{"not-by-gitlab"}},
		{name: "an environment's value that no job could start with", prepare: func(s *stage) { s.change("FIRST", strings.Repeat("x", 140_000)) }, code: exitFindings, want: []string{"error[too-large]"}},
		{name: "a project in CI that is not the job's own", prepare: func(s *stage) {
			for _, pair := range [][2]string{{"GITLAB_CI", "true"}, {"CI", "true"}, {"CI_PIPELINE_SOURCE", "push"}, {"CI_PROJECT_PATH", "acme/web"}} {
				s.setenv(pair[0], pair[1])
			}
		}, code: exitFailed, want: []string{"target api is not this job's own: this job runs in acme/web", "hint: allow it with --allow-target api"}},
		{name: "an address that only the environment names, in CI", prepare: func(s *stage) {
			for _, pair := range [][2]string{{"GITLAB_CI", "true"}, {"CI", "true"}, {"CI_PIPELINE_SOURCE", "push"}, {"CI_PROJECT_PATH", "acme/api"}, {"CI_API_V4_URL", "https://elsewhere.example/api/v4"}} {
				s.setenv(pair[0], pair[1])
			}
		}, code: exitFailed, want: []string{"? unverified  FIRST   project:dev could not be read: denied: in CI, one place alone may not send the credential of target api to elsewhere.example", "= help: name it both in the policy and in CI_API_V4_URL"}},
		{name: "certificates that are none", prepare: func(s *stage) {
			s.write("ca.pem", "none")
			s.setenv("CI_SERVER_TLS_CA_FILE", "ca.pem")
		}, code: exitFailed, want: []string{"CI_SERVER_TLS_CA_FILE", "hint: "}},
	})
}

func TestBadEntries(t *testing.T) {
	spoil := func(change func(s *stage, own string) string) func(*stage) {
		return syncedProject(func(s *stage) {
			s.editVariable("prod", "FIRST", func(v *gitlab.Variable) { v.Description = change(s, v.Description) })
		})
	}
	tryBadInputsOn(t, unsyncedProject, []badInput{
		{name: "forged", prepare: spoil(func(_ *stage, own string) string {
			return own[:100] + map[bool]string{true: "B", false: "A"}[own[100] == 'A'] + own[101:]
		}), code: exitFailed, want: []string{"FIRST", "tampered", "hint: ", "--adopt FIRST"}},
		{name: "of another variable", prepare: spoil(func(s *stage, _ string) string { return s.variable("prod", "SECOND").Description }), code: exitFailed, want: []string{"FIRST", "hint: ", "--adopt FIRST"}},
		{name: "of another scope", prepare: spoil(func(s *stage, _ string) string { return s.variable("dev", "FIRST").Description }), code: exitFailed, want: []string{"FIRST", "another scope", "hint: "}},
		{name: "under another key", prepare: syncedProject(env("KEYPLUMB_LEDGER_KEY", secret.NewKey().Encode())), code: exitFailed, errors: 2, want: []string{"another ledger key", "hint: ", "KEYPLUMB_LEDGER_KEY"}},
	})
}

// TestTooManyVariables: GitLab has room for 8,000 in a project, whatever their
// scopes.
func TestTooManyVariables(t *testing.T) {
	if testing.Short() {
		t.Skip("lists eighty pages")
	}
	t.Parallel()
	s := unsyncedProject(t)
	for i := range 7_995 {
		s.addVariable(gitlab.Variable{Key: fmt.Sprintf("THEIRS_%04d", i), Scope: "elsewhere", Value: "x"})
	}
	(&badInput{code: exitFindings, want: []string{"error[too-large]", "can hold 8000", "8001"}}).try(s)
}

// TestFreeTier keeps a group's variables in one scope, and does not say so.
func TestFreeTier(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.toGitLab(gitlab.Options{Clock: s.github.Clock(), Free: true})
	s.gitlab.AddToken(stageToken, gitlab.Member("acme", gitlab.Owner))
	s.write("keyplumb.cue", swap(gitlabPolicy, `project: "acme/api"`, `group: "acme"`))
	s.seal("dev", values("dev", "one"))
	s.seal("prod", values("prod", "one"))
	out := s.must(exitPartial, "sync")
	if !strings.Contains(out, "edition") || !strings.Contains(out, "hint: ") {
		t.Errorf("sync says\n%s", out)
	}
}

// TestTokenThatMayOnlyLookAtGitLab is refused at the first write, and told so
// once.
func TestTokenThatMayOnlyLookAtGitLab(t *testing.T) {
	t.Parallel()
	s := unsyncedProject(t)
	memberToken(gitlab.Member("acme/api", gitlab.Maintainer), gitlab.Scopes("read_api"))(s)
	s.must(exitOK, "plan")
	s.gitlab.ForgetRequests()
	out := s.must(exitFailed, "sync")
	if strings.Count(out, "\nerror: ") != 1 || !strings.Contains(out, "denied: the token may not do this (HTTP 403") ||
		!strings.Contains(out, "hint: the token needs the role Maintainer") {
		t.Errorf("sync says\n%s", out)
	}
	if n := len(s.gitlab.Requests()); n != 3 {
		t.Errorf("it made %d requests, want the name, the listing and one write", n)
	}
}
