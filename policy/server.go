package policy

import "strings"

// gitlabCom is the server of a GitLab target that names none.
const gitlabCom = "https://gitlab.com"

// Server names a GitLab target's server, in one form for all that mean the
// same: without the API's path, in lower case. It is "" for other kinds.
func (t *Target) Server() string {
	if t.Kind != "gitlab" {
		return ""
	}
	server := strings.TrimSuffix(strings.TrimRight(strings.ToLower(t.URL), "/"), "/api/v4")
	if server == "" {
		return gitlabCom
	}
	return server
}
