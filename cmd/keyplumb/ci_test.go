package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/policy"
)

const baseRevision = "0123456789abcdef0123456789abcdef01234567"

// Payloads, of which each test breaks one thing.
const (
	samePullRequest = `{"repository": {"id": 7, "full_name": "acme/api"}, "pull_request": {
		"head": {"repo": {"id": 7, "full_name": "acme/api"}},
		"base": {"sha": "` + baseRevision + `", "repo": {"id": 7, "full_name": "acme/api"}}}}`
	followingPush = `{"repository": {"id": 7, "full_name": "acme/api"}, "workflow_run": {
		"event": "push", "head_repository": {"id": 7, "full_name": "acme/api"}}}`
)

func swap(text, before, after string) string {
	if !strings.Contains(text, before) {
		panic("the payload has no " + before)
	}
	return strings.Replace(text, before, after, 1)
}

func getter(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func TestGitHubJobs(t *testing.T) {
	const head = `"head": {"repo": {"id": 7, "full_name": "acme/api"}}`
	for _, test := range []struct {
		name    string
		event   string
		payload string // "" cannot be read
		env     map[string]string
		trusted bool
		base    string
	}{
		{name: "push", event: "push", trusted: true},
		{name: "schedule", event: "schedule", trusted: true},
		{name: "dispatch by hand", event: "workflow_dispatch", trusted: true},
		{name: "dispatch by API", event: "repository_dispatch", trusted: true},
		{name: "merge group", event: "merge_group", trusted: true},
		{name: "release", event: "release", trusted: true},
		{name: "deployment", event: "deployment", trusted: true},
		{name: "create", event: "create", trusted: true},
		{name: "delete", event: "delete", trusted: true},

		{name: "no event", event: ""},
		{name: "unknown event", event: "pull_request_teleported", payload: samePullRequest},
		{name: "almost an event", event: "Push"},
		{name: "target of a pull request", event: "pull_request_target", payload: samePullRequest},
		{name: "comment", event: "issue_comment", payload: samePullRequest},
		{name: "issue", event: "issues", payload: samePullRequest},
		{name: "review", event: "pull_request_review", payload: samePullRequest},
		{name: "fork", event: "fork"},
		{name: "star", event: "watch"},
		{name: "wiki", event: "gollum"},
		{name: "discussion", event: "discussion_comment"},

		{name: "same repository", event: "pull_request", payload: samePullRequest, trusted: true, base: baseRevision},
		{name: "names without case", event: "pull_request", payload: swap(samePullRequest, head, `"head": {"repo": {"id": 7, "full_name": "Acme/API"}}`), trusted: true, base: baseRevision},
		{name: "fork's pull request", event: "pull_request", payload: swap(samePullRequest, head, `"head": {"repo": {"id": 8, "full_name": "mallory/api"}}`)},
		{name: "fork with the name", event: "pull_request", payload: swap(samePullRequest, head, `"head": {"repo": {"id": 8, "full_name": "acme/api"}}`)},
		{name: "fork with the id", event: "pull_request", payload: swap(samePullRequest, head, `"head": {"repo": {"id": 7, "full_name": "mallory/api"}}`)},
		{name: "fork that is gone", event: "pull_request", payload: swap(samePullRequest, head, `"head": {"repo": null}`)},
		{name: "head without repo", event: "pull_request", payload: swap(samePullRequest, head, `"head": {}`)},
		{name: "no ids", event: "pull_request", payload: strings.ReplaceAll(samePullRequest, `"id": 7, `, "")},
		{name: "other base", event: "pull_request", payload: swap(samePullRequest, `"repo": {"id": 7, "full_name": "acme/api"}}}}`, `"repo": {"id": 9, "full_name": "acme/web"}}}}`)},
		{name: "no base", event: "pull_request", payload: swap(samePullRequest, baseRevision, "")},
		{name: "base that is an option", event: "pull_request", payload: swap(samePullRequest, baseRevision, "--upload-pack=touch")},
		{name: "base that is a branch", event: "pull_request", payload: swap(samePullRequest, baseRevision, "main")},
		{name: "base that is short", event: "pull_request", payload: swap(samePullRequest, baseRevision, baseRevision[:12])},
		{name: "no payload", event: "pull_request"},
		{name: "empty payload", event: "pull_request", payload: "{}"},
		{name: "not JSON", event: "pull_request", payload: "pull_request"},
		{name: "cut short", event: "pull_request", payload: samePullRequest[:len(samePullRequest)-1]},
		{name: "two documents", event: "pull_request", payload: samePullRequest + samePullRequest},
		{name: "wrong types", event: "pull_request", payload: swap(samePullRequest, `"id": 7`, `"id": "7"`)},
		{name: "nested deep", event: "pull_request", payload: strings.Repeat(`{"pull_request":`, 20000)},
		{name: "other repository", event: "pull_request", payload: samePullRequest, env: map[string]string{"GITHUB_REPOSITORY": "acme/web"}},
		{name: "no repository", event: "pull_request", payload: samePullRequest, env: map[string]string{"GITHUB_REPOSITORY": ""}},

		{name: "after a push", event: "workflow_run", payload: followingPush, trusted: true},
		{name: "after a pull request", event: "workflow_run", payload: swap(followingPush, `"push"`, `"pull_request"`)},
		{name: "after a pull request's target", event: "workflow_run", payload: swap(followingPush, `"push"`, `"pull_request_target"`)},
		{name: "after another workflow_run", event: "workflow_run", payload: swap(followingPush, `"push"`, `"workflow_run"`)},
		{name: "after a fork's push", event: "workflow_run", payload: swap(followingPush, `"head_repository": {"id": 7`, `"head_repository": {"id": 8`)},
		{name: "after a fork that is gone", event: "workflow_run", payload: swap(followingPush, `{"id": 7, "full_name": "acme/api"}}}`, `null}}`)},
		{name: "after what", event: "workflow_run", payload: "{}"},
		{name: "after who knows", event: "workflow_run"},

		{name: "Dependabot's push", event: "push", env: map[string]string{"GITHUB_ACTOR": "dependabot[bot]"}},
		{name: "Dependabot's pull request", event: "pull_request", payload: samePullRequest, env: map[string]string{"GITHUB_ACTOR": "dependabot[bot]"}},
		{name: "Dependabot's rerun", event: "push", env: map[string]string{"GITHUB_TRIGGERING_ACTOR": "dependabot[bot]"}},
		{name: "schedule that Dependabot updated", event: "schedule", env: map[string]string{"GITHUB_ACTOR": "dependabot[bot]"}, trusted: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := map[string]string{"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_REPOSITORY": "acme/api", "GITHUB_EVENT_NAME": test.event, "GITHUB_ACTOR": "octocat"}
			maps.Copy(env, test.env)
			checkJob(t, readJob(getter(env), payloadOf(test.payload)), githubCI, test.trusted, test.base)
		})
	}
}

func payloadOf(text string) func() ([]byte, error) {
	return func() ([]byte, error) {
		if text == "" {
			return nil, errPayload
		}
		return []byte(text), nil
	}
}

func checkJob(t *testing.T, j job, ci string, trusted bool, base string) {
	t.Helper()
	if j.ci != ci {
		t.Errorf("this is %q, want %q", j.ci, ci)
	}
	if j.base != base {
		t.Errorf("the base is %q, want %q", j.base, base)
	}
	err := j.guardValues("sync")
	if (err == nil) != trusted {
		t.Fatalf("trusted: %v, want %v (%v)", err == nil, trusted, err)
	}
	if err == nil {
		return
	}
	if codeOf(err) != exitFailed {
		t.Errorf("exit code %d, want %d", codeOf(err), exitFailed)
	}
	if hintOf(err) == "" {
		t.Error("there is no hint")
	}
}

func TestGitLabJobs(t *testing.T) {
	request := map[string]string{
		"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "12",
		"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "7",
		"CI_MERGE_REQUEST_DIFF_BASE_SHA": baseRevision,
	}
	with := func(pairs ...string) map[string]string {
		env := maps.Clone(request)
		for i := 0; i < len(pairs); i += 2 {
			env[pairs[i]] = pairs[i+1]
		}
		return env
	}
	source := func(name string) map[string]string { return map[string]string{"CI_PIPELINE_SOURCE": name} }
	target := strings.Repeat("ab", 20)
	for _, test := range []struct {
		name    string
		env     map[string]string
		trusted bool
		base    string
	}{
		{"push", source("push"), true, ""},
		{"schedule", source("schedule"), true, ""},
		{"by hand", source("web"), true, ""},
		{"API", source("api"), true, ""},
		{"trigger", source("trigger"), true, ""},
		{"other project", source("pipeline"), true, ""},
		{"child", source("parent_pipeline"), true, ""},
		{"web IDE", source("webide"), true, ""},
		{"nothing", source(""), false, ""},
		{"unknown", source("telepathy"), false, ""},
		{"chat", source("chat"), false, ""},
		{"other system's pull request", source("external_pull_request_event"), false, ""},
		{"its child", map[string]string{"CI_PIPELINE_SOURCE": "parent_pipeline", "CI_EXTERNAL_PULL_REQUEST_IID": "3"}, false, ""},

		{"same project", request, true, baseRevision},
		{"same project, merged results", with("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", target), true, target},
		{"child of a merge request", with("CI_PIPELINE_SOURCE", "parent_pipeline"), true, baseRevision},
		{"fork", with("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "8"), false, ""},
		{"fork, run in the fork", with("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "8", "CI_PROJECT_ID", "8"), false, ""},
		{"fork's child", with("CI_PIPELINE_SOURCE", "parent_pipeline", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "8"), false, ""},
		{"fork that says push", with("CI_PIPELINE_SOURCE", "push", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "8"), false, ""},
		{"source unknown", with("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", ""), false, ""},
		{"all unknown", with("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "", "CI_MERGE_REQUEST_PROJECT_ID", "", "CI_PROJECT_ID", ""), false, ""},
		{"no base", with("CI_MERGE_REQUEST_DIFF_BASE_SHA", ""), false, ""},
		{"zero base", with("CI_MERGE_REQUEST_DIFF_BASE_SHA", strings.Repeat("0", 40)), false, ""},
		{"base that is an option", with("CI_MERGE_REQUEST_DIFF_BASE_SHA", "--output=/etc/passwd"), false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := map[string]string{"GITLAB_CI": "true", "CI": "true", "CI_PROJECT_PATH": "acme/web", "CI_PROJECT_ID": "7"}
			maps.Copy(env, test.env)
			checkJob(t, readJob(getter(env), payloadOf("")), gitlabCI, test.trusted, test.base)
		})
	}
}

func TestOtherJobs(t *testing.T) {
	for value, ci := range map[string]string{"": noCI, "false": noCI, "False": noCI, "0": noCI, "true": unknownCI, "1": unknownCI, "yes": unknownCI} {
		checkJob(t, readJob(getter(map[string]string{"CI": value}), payloadOf("")), ci, true, "")
	}
}

func TestGuardTarget(t *testing.T) {
	hub := job{ci: githubCI, project: "acme/api", server: "https://api.github.com"}
	lab := job{ci: gitlabCI, project: "acme/web", server: "https://gitlab.example.com/api/v4"}
	for _, test := range []struct {
		name   string
		job    job
		target policy.Target
		allow  []string
		ok     bool
	}{
		{"a developer's machine", job{}, policy.Target{Kind: "github", Repository: "acme/other"}, nil, true},
		{"a file there", job{}, policy.Target{Kind: "dotenv"}, nil, true},
		{"a file in CI", hub, policy.Target{Kind: "dotenv"}, []string{"t"}, false},
		{"own repository", hub, policy.Target{Kind: "github", Repository: "Acme/API"}, nil, true},
		{"other repository", hub, policy.Target{Kind: "github", Repository: "acme/web"}, nil, false},
		{"other repository, allowed", hub, policy.Target{Kind: "github", Repository: "acme/web"}, []string{"s", "t"}, true},
		{"another one allowed", hub, policy.Target{Kind: "github", Repository: "acme/web"}, []string{"T"}, false},
		{"named by repository", hub, policy.Target{Kind: "github", Repository: "acme/web"}, []string{"acme/web"}, false},
		{"organization", hub, policy.Target{Kind: "github", Organization: "acme"}, nil, false},
		{"a project of that name", hub, policy.Target{Kind: "gitlab", Project: "acme/api"}, nil, false},
		{"unknown repository", job{ci: githubCI}, policy.Target{Kind: "github", Organization: "acme"}, nil, false},
		{"own project", lab, policy.Target{Kind: "gitlab", Project: "acme/web", DefaultURL: lab.server}, nil, true},
		{"of that name, while the environment names no server", lab, policy.Target{Kind: "gitlab", Project: "acme/web"}, nil, false},
		{"own project, by URL", lab, policy.Target{Kind: "gitlab", Project: "acme/web", URL: "https://gitlab.example.com"}, nil, true},
		{"elsewhere", lab, policy.Target{Kind: "gitlab", Project: "acme/web", URL: "https://gitlab.com"}, nil, false},
		{"group", lab, policy.Target{Kind: "gitlab", Group: "acme"}, nil, false},
		{"instance", lab, policy.Target{Kind: "gitlab", Instance: true}, nil, false},
		{"some other CI", job{ci: unknownCI}, policy.Target{Kind: "github", Repository: "acme/api"}, nil, false},
		{"some other CI, allowed", job{ci: unknownCI}, policy.Target{Kind: "github", Repository: "acme/api"}, []string{"t"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.target.Name = "t"
			err := test.job.guardTarget(test.target, test.allow)
			if (err == nil) != test.ok {
				t.Fatalf("got %v, want ok %v", err, test.ok)
			}
			if err != nil && (codeOf(err) != exitFailed || hintOf(err) == "") {
				t.Errorf("exit code %d, hint %q", codeOf(err), hintOf(err))
			}
		})
	}
}

func TestReadPayload(t *testing.T) {
	dir := t.TempDir()
	good, huge := filepath.Join(dir, "good"), filepath.Join(dir, "huge")
	if err := os.WriteFile(good, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, maxPayload+1); err != nil {
		t.Fatal(err)
	}
	if text, err := readPayload(good); err != nil || string(text) != "{}" {
		t.Errorf("%q, %v", text, err)
	}
	for _, name := range []string{"", dir, huge, filepath.Join(dir, "missing"), os.DevNull} {
		if _, err := readPayload(name); !errors.Is(err, errPayload) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
