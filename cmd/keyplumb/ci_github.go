package main

import (
	"encoding/json"
	"slices"
	"strings"
)

// trustedEvents are the events of GitHub that only someone with write access
// causes, and that run what is in the repository itself. All others, those
// that GitHub has yet to invent included, are not trusted.
// https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
func trustedEvents() []string {
	return []string{
		"create", "delete", "deployment", "merge_group", "push", "release",
		"repository_dispatch", "schedule", "workflow_dispatch",
	}
}

// githubEvent is what matters of an event's payload.
type githubEvent struct {
	Repository  githubRepository `json:"repository"`
	PullRequest *struct {
		Head struct {
			Repo *githubRepository `json:"repo"` // null where the fork is gone
		} `json:"head"`
		Base struct {
			SHA  string            `json:"sha"`
			Repo *githubRepository `json:"repo"`
		} `json:"base"`
	} `json:"pull_request"`
	WorkflowRun *struct {
		Event          string            `json:"event"`
		HeadRepository *githubRepository `json:"head_repository"`
	} `json:"workflow_run"`
}

type githubRepository struct {
	ID       int64  `json:"id"`
	FullName string `json:"full_name"`
}

// is tells whether two repositories are one, by id and by name.
func (r *githubRepository) is(other githubRepository) bool {
	return r != nil && r.ID != 0 && r.FullName != "" && r.ID == other.ID && strings.EqualFold(r.FullName, other.FullName)
}

func githubJob(getenv func(string) string, payload func() ([]byte, error)) job {
	j := job{ci: githubCI, project: getenv("GITHUB_REPOSITORY"), server: getenv("GITHUB_API_URL")}
	name := getenv("GITHUB_EVENT_NAME")
	// GitHub gives what Dependabot starts no Actions secrets; a schedule has
	// for its actor whoever last changed the workflow's file.
	if name != "schedule" && (getenv("GITHUB_ACTOR") == "dependabot[bot]" || getenv("GITHUB_TRIGGERING_ACTOR") == "dependabot[bot]") {
		return j.distrust("Dependabot started this run", "run it on push to a protected branch, or on a schedule")
	}
	switch {
	case slices.Contains(trustedEvents(), name):
		return j
	case name == "pull_request":
		return j.onPullRequest(payload)
	case name == "workflow_run":
		return j.onWorkflowRun(payload)
	case name == "pull_request_target":
		return j.distrust("pull_request_target runs for pull requests from forks, with secrets", "use pull_request, and push on a protected branch")
	case name == "":
		return j.distrust("GITHUB_EVENT_NAME does not say which event started this run", "run it in a job of GitHub Actions, with its environment")
	}
	return j.distrust("the event "+name+" may be caused by someone without write access", "run it on push to a protected branch, on a schedule or by workflow_dispatch")
}

// onPullRequest trusts a pull request whose two ends are in the repository
// that the job runs in.
func (j job) onPullRequest(payload func() ([]byte, error)) job {
	event, ok := parseEvent(payload)
	if !ok || event.PullRequest == nil {
		return j.distrust("the event's payload, which tells where a pull request comes from, cannot be read", "pass GITHUB_EVENT_PATH and its file on to keyplumb")
	}
	pr := event.PullRequest
	switch {
	case !j.runsIn(event.Repository):
		return j.distrust("the event's payload is not about this repository", "pass on GITHUB_REPOSITORY and GITHUB_EVENT_PATH as the runner set them")
	case !pr.Head.Repo.is(event.Repository), !pr.Base.Repo.is(event.Repository):
		return j.distrust("the pull request comes from a fork", "run it once the pull request is merged, on push to a protected branch")
	case !isRevision(pr.Base.SHA):
		return j.distrust("the event's payload does not say what the pull request is to be merged into", "pass GITHUB_EVENT_PATH and its file on to keyplumb")
	}
	j.base = pr.Base.SHA
	return j
}

// onWorkflowRun trusts a run that follows one that was itself trusted. One
// that follows a pull request runs with secrets on what the request left.
func (j job) onWorkflowRun(payload func() ([]byte, error)) job {
	event, ok := parseEvent(payload)
	if !ok || event.WorkflowRun == nil {
		return j.distrust("the event's payload, which tells what a workflow_run follows, cannot be read", "pass GITHUB_EVENT_PATH and its file on to keyplumb")
	}
	first := event.WorkflowRun
	switch {
	case !j.runsIn(event.Repository):
		return j.distrust("the event's payload is not about this repository", "pass on GITHUB_REPOSITORY and GITHUB_EVENT_PATH as the runner set them")
	case !first.HeadRepository.is(event.Repository):
		return j.distrust("the workflow_run follows a run of a fork", "run it on push to a protected branch")
	case !slices.Contains(trustedEvents(), first.Event):
		return j.distrust("the workflow_run follows an event that is not trusted", "limit it to runs that follow a push: run it on push to a protected branch")
	}
	return j
}

// runsIn tells whether the event's repository is the job's.
func (j job) runsIn(r githubRepository) bool {
	return r.ID != 0 && r.FullName != "" && strings.EqualFold(r.FullName, j.project)
}

func parseEvent(payload func() ([]byte, error)) (event githubEvent, ok bool) {
	data, err := payload()
	if err != nil {
		return githubEvent{}, false
	}
	return event, json.Unmarshal(data, &event) == nil
}
