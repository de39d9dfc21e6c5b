package policy

import (
	"cmp"
	"net/url"
	"strings"
)

// gitlabCom is the server of a GitLab target that names none.
const gitlabCom = "https://gitlab.com"

// Server gives a GitLab target's address in one spelling, whether the policy
// names it, or the path of its API, or leaves it to the environment; "" for targets of other kinds,
// which have the one server.
func (t *Target) Server() string {
	if t.Kind != "gitlab" {
		return ""
	}
	server, err := url.Parse(cmp.Or(t.URL, t.DefaultURL, gitlabCom))
	if err != nil {
		return t.URL // refused when the policy was read
	}
	usual := map[string]string{"https": ":443", "http": ":80"}[server.Scheme]
	server.Host = strings.TrimSuffix(strings.ToLower(server.Host), usual)
	server.Path = strings.TrimSuffix(strings.TrimRight(server.Path, "/"), "/api/v4")
	return server.String()
}
