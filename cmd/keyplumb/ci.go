package main

import (
	"strings"

	"github.com/keyplumb/keyplumb/policy"
)

// The CI systems that keyplumb knows from their environment variables.
const (
	noCI      = ""
	githubCI  = "GitHub Actions"
	gitlabCI  = "GitLab CI"
	unknownCI = "CI" // some other, that says CI=true
)

// A job is the CI job that keyplumb runs in, as its environment and, on
// GitHub, the event's payload tell; the zero job is a developer's machine.
//
// What it says is a second net. The first is the platform's: what a stranger
// may start is given no secrets there, and who can run commands in a job that
// has them can read them without keyplumb.
type job struct {
	ci         string
	project    string // owner/repository or group/project that the job runs in
	server     string // the address of the CI system's own API, which its jobs cannot choose
	base       string // on a pull request of the same repository: the revision that it is to be merged into
	suspicious string // why values are out of reach of this event; "" where they are not
	wayOut     string // what to do instead
}

// readJob looks at the environment, and through payload at the event that
// started a GitHub job.
func readJob(getenv func(string) string, payload func() ([]byte, error)) job {
	switch {
	case getenv("GITHUB_ACTIONS") == "true":
		return githubJob(getenv, payload)
	case getenv("GITLAB_CI") == "true":
		return gitlabJob(getenv)
	case isSet(getenv("CI")):
		return job{ci: unknownCI}
	}
	return job{}
}

func isSet(flag string) bool {
	return flag != "" && flag != "0" && !strings.EqualFold(flag, "false")
}

// distrust marks a job as one that may not handle values.
func (j job) distrust(why, wayOut string) job {
	j.suspicious, j.wayOut, j.base = why, wayOut, ""
	return j
}

// inCI tells a CI job from a developer's machine.
func (j job) inCI() bool { return j.ci != noCI }

// owns tells whether a target is the repository or project that the job runs
// in, on the server that runs the job.
func (j job) owns(t policy.Target) bool {
	switch {
	case j.project == "":
		return false
	case j.ci == githubCI && t.Kind == "github":
		return strings.EqualFold(t.Repository, j.project)
	case j.ci == gitlabCI && t.Kind == "gitlab":
		return strings.EqualFold(t.Project, j.project) && sameOrigin(t.Server(), j.server)
	}
	return false
}

// isRevision tells a full object name of git, SHA-1 or SHA-256, from anything
// that git could read as something else.
func isRevision(text string) bool {
	if len(text) != 40 && len(text) != 64 {
		return false
	}
	return strings.Trim(text, "0123456789abcdef") == "" && strings.Trim(text, "0") != ""
}
