package github

import (
	"strings"
)

// The stores of secrets that a repository and an organization have.
const (
	actions    = "actions"
	dependabot = "dependabot"
	codespaces = "codespaces"
)

var apps = []string{actions, dependabot, codespaces}

// An account is a user or an organization.
type account struct {
	id           int64
	login        string
	organization bool
	secrets      map[string]*store // by app; a user has codespaces alone
	variables    *store            // an organization's
	oidc         oidcSubject
}

// The documented numbers of items that a place may hold.
const (
	repositorySecretLimit    = 100
	environmentSecretLimit   = 100
	organizationSecretLimit  = 1000
	repositoryVariableLimit  = 500
	environmentVariableLimit = 100
	organizationVarLimit     = 1000
)

func newOrganization(id int64, login string) *account {
	org := &account{id: id, login: login, organization: true, secrets: map[string]*store{}}
	for _, app := range apps {
		org.secrets[app] = newSecrets(organizationSecretLimit)
		org.secrets[app].org = org
	}
	org.variables = newVariables(organizationVarLimit)
	org.variables.org = org
	return org
}

func newUser(id int64, login string) *account {
	user := &account{id: id, login: login, secrets: map[string]*store{codespaces: newSecrets(repositorySecretLimit)}}
	user.secrets[codespaces].user = user
	return user
}

func (a *account) kind() string {
	if a.organization {
		return "Organization"
	}
	return "User"
}

// describe renders the account as a simple-user.
func (a *account) describe(base string) map[string]any {
	url := base + "/users/" + a.login
	return map[string]any{
		"login": a.login, "id": a.id, "node_id": nodeID("U", a.id),
		"avatar_url": "https://avatars.githubusercontent.com/u/1", "gravatar_id": "",
		"url": url, "html_url": "https://github.com/" + a.login,
		"followers_url":       url + "/followers",
		"following_url":       url + "/following{/other_user}",
		"gists_url":           url + "/gists{/gist_id}",
		"starred_url":         url + "/starred{/owner}{/repo}",
		"subscriptions_url":   url + "/subscriptions",
		"organizations_url":   url + "/orgs",
		"repos_url":           url + "/repos",
		"events_url":          url + "/events{/privacy}",
		"received_events_url": url + "/received_events",
		"type":                a.kind(), "site_admin": false,
	}
}

// organization finds the {org} of the request's path.
func (c *call) organization() (*account, error) {
	org, ok := c.server.accounts[strings.ToLower(c.request.PathValue("org"))]
	if !ok || !org.organization {
		return nil, notFound()
	}
	return org, nil
}
