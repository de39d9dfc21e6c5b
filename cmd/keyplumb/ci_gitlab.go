package main

import "slices"

// trustedPipelines are the sources of a GitLab pipeline that need the right to
// run one in the project itself.
// https://docs.gitlab.com/ci/jobs/job_rules/#ci_pipeline_source-predefined-variable
func trustedPipelines() []string {
	return []string{"api", "parent_pipeline", "pipeline", "push", "schedule", "trigger", "web", "webide"}
}

func gitlabJob(getenv func(string) string) job {
	j := job{ci: gitlabCI, project: getenv("CI_PROJECT_PATH"), server: getenv("CI_API_V4_URL")}
	source := getenv("CI_PIPELINE_SOURCE")
	switch {
	case source == "external_pull_request_event" || getenv("CI_EXTERNAL_PULL_REQUEST_IID") != "":
		return j.distrust("the pipeline is for a pull request of another system", "run it on push to a protected branch")
	// The child of a merge request's pipeline says parent_pipeline, and knows
	// the merge request.
	case source == "merge_request_event" || getenv("CI_MERGE_REQUEST_IID") != "":
		return j.onMergeRequest(getenv)
	case slices.Contains(trustedPipelines(), source):
		return j
	case source == "":
		return j.distrust("CI_PIPELINE_SOURCE does not say what started this pipeline", "run it in a job of GitLab CI, with its environment")
	}
	return j.distrust("a pipeline started by "+source+" is not known to be trusted", "run it on push to a protected branch, or on a schedule")
}

// onMergeRequest trusts a merge request whose two ends are in the project that
// the job runs in.
func (j job) onMergeRequest(getenv func(string) string) job {
	from, into, here := getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), getenv("CI_MERGE_REQUEST_PROJECT_ID"), getenv("CI_PROJECT_ID")
	if from == "" || from != into || into != here {
		return j.distrust("the merge request comes from a fork", "run it once the merge request is merged, on push to a protected branch")
	}
	// The target branch as it is now, which only merged results pipelines
	// know, goes before where the source branch left it: who opens a merge
	// request chooses the latter.
	for _, name := range []string{"CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "CI_MERGE_REQUEST_DIFF_BASE_SHA"} {
		if revision := getenv(name); isRevision(revision) {
			j.base = revision
			return j
		}
	}
	return j.distrust("the environment does not say what the merge request is to be merged into", "pass CI_MERGE_REQUEST_DIFF_BASE_SHA on to keyplumb")
}
