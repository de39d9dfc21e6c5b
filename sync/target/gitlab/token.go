package gitlab

import (
	"bytes"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// checkToken tells before any request what cannot be the right credential. A
// job's own token is refused by the API for variables, whatever its rights.
// https://docs.gitlab.com/ci/jobs/ci_job_token/#job-token-access
func (l level) checkToken(o Options) error {
	token := bytes.TrimSpace(o.Token.Reveal())
	e := &store.Error{Op: "open", Ref: l.ref, Kind: store.ErrUnauthentic, Hint: l.tokenHint()}
	switch {
	case len(token) == 0:
		e.Detail = "there is no token"
	case strings.HasPrefix(string(token), "glcbt-"), bytes.Equal(token, bytes.TrimSpace(o.JobToken.Reveal())):
		e.Detail = "GITLAB_TOKEN is a CI_JOB_TOKEN, which GitLab never takes for variables"
	default:
		return nil
	}
	return e
}

// tokenHint says which token to make.
func (l level) tokenHint() string {
	switch l.kind {
	case "project":
		return "set GITLAB_TOKEN to a project access token with the role Maintainer and the scope api"
	case "group":
		return "set GITLAB_TOKEN to a group access token with the role Owner and the scope api"
	}
	return "set GITLAB_TOKEN to an administrator's personal access token with the scope api"
}

// needs says what a token has to have.
func (l level) needs() string { return "the token needs " + l.role + " and the scope api" }
