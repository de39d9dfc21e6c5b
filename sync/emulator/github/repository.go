package github

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A repository has its own stores and environments.
type repository struct {
	id           int64
	owner        *account
	name         string
	private      bool
	created      time.Time
	secrets      map[string]*store // by app
	variables    *store
	environments map[string]*environment // by lower-case name
	oidc         oidcSubject
}

func newRepository(id int64, owner *account, name string, now time.Time) *repository {
	repo := &repository{
		id: id, owner: owner, name: name, private: true, created: now,
		secrets:      map[string]*store{},
		variables:    newVariables(repositoryVariableLimit),
		environments: map[string]*environment{},
		oidc:         oidcSubject{useDefault: true},
	}
	for _, app := range apps {
		repo.secrets[app] = newSecrets(repositorySecretLimit)
	}
	return repo
}

func (r *repository) fullName() string { return r.owner.login + "/" + r.name }

// nodeID makes the opaque identifier that GraphQL uses.
func nodeID(kind string, id int64) string {
	return kind + "_" + base64.RawURLEncoding.EncodeToString(fmt.Append(nil, id))
}

// repositoryLinks are the URL fields of a repository, below its own URL.
var repositoryLinks = map[string]string{
	"archive_url": "/{archive_format}{/ref}", "assignees_url": "/assignees{/user}",
	"blobs_url": "/git/blobs{/sha}", "branches_url": "/branches{/branch}",
	"collaborators_url": "/collaborators{/collaborator}", "comments_url": "/comments{/number}",
	"commits_url": "/commits{/sha}", "compare_url": "/compare/{base}...{head}",
	"contents_url": "/contents/{+path}", "contributors_url": "/contributors",
	"deployments_url": "/deployments", "downloads_url": "/downloads", "events_url": "/events",
	"forks_url": "/forks", "git_commits_url": "/git/commits{/sha}", "git_refs_url": "/git/refs{/sha}",
	"git_tags_url": "/git/tags{/sha}", "hooks_url": "/hooks",
	"issue_comment_url": "/issues/comments{/number}", "issue_events_url": "/issues/events{/number}",
	"issues_url": "/issues{/number}", "keys_url": "/keys{/key_id}", "labels_url": "/labels{/name}",
	"languages_url": "/languages", "merges_url": "/merges", "milestones_url": "/milestones{/number}",
	"notifications_url": "/notifications{?since,all,participating}", "pulls_url": "/pulls{/number}",
	"releases_url": "/releases{/id}", "stargazers_url": "/stargazers", "statuses_url": "/statuses/{sha}",
	"subscribers_url": "/subscribers", "subscription_url": "/subscription", "tags_url": "/tags",
	"teams_url": "/teams", "trees_url": "/git/trees{/sha}",
}

// describe renders the repository whole; the shorter forms of the description
// (minimal-repository) allow all of its fields.
func (r *repository) describe(base string) map[string]any {
	url := base + "/repos/" + r.fullName()
	html := "https://github.com/" + r.fullName()
	fields := map[string]any{
		"id": r.id, "node_id": nodeID("R", r.id), "name": r.name, "full_name": r.fullName(),
		"owner": r.owner.describe(base), "private": r.private, "url": url, "html_url": html,
		"description": nil, "homepage": nil, "language": nil, "license": nil, "mirror_url": nil,
		"fork": false, "archived": false, "disabled": false, "default_branch": "main",
		"clone_url": html + ".git", "svn_url": html,
		"git_url":    "git://github.com/" + r.fullName() + ".git",
		"ssh_url":    "git@github.com:" + r.fullName() + ".git",
		"created_at": stamp(r.created), "updated_at": stamp(r.created), "pushed_at": stamp(r.created),
	}
	for field, below := range repositoryLinks {
		fields[field] = url + below
	}
	for _, field := range []string{"has_issues", "has_projects", "has_wiki", "has_pages", "has_discussions", "has_downloads"} {
		fields[field] = false
	}
	for _, field := range []string{"forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers", "watchers_count", "network_count", "subscribers_count"} {
		fields[field] = 0
	}
	return fields
}

// resolve finds the {owner}/{repo} of the request's path: not there or not
// visible to the token is 404, a former name redirects.
func (c *call) resolve() error {
	owner, name := c.request.PathValue("owner"), c.request.PathValue("repo")
	if name == "" {
		return nil
	}
	full := strings.ToLower(owner + "/" + name)
	if id, ok := c.server.formerNames[full]; ok && c.token.sees(c.server.repositories[id]) {
		return c.moved(id)
	}
	for _, repo := range c.server.repositories {
		if strings.EqualFold(repo.fullName(), full) && c.token.sees(repo) {
			c.repo = repo
			return nil
		}
	}
	return notFound()
}

// moved redirects to the repository's permanent address: 301 for a read, and
// 307, which keeps method and body, for a write.
func (c *call) moved(id int64) error {
	status := http.StatusMovedPermanently
	if c.request.Method != http.MethodGet && c.request.Method != http.MethodHead {
		status = http.StatusTemporaryRedirect
	}
	_, below, _ := strings.Cut(strings.TrimPrefix(c.request.URL.EscapedPath(), "/repos/"), "/")
	_, below, deeper := strings.Cut(below, "/")
	target := fmt.Sprintf("%s/repositories/%d", c.base, id)
	if deeper {
		target += "/" + below
	}
	if query := c.request.URL.RawQuery; query != "" {
		target += "?" + query
	}
	return &failure{status: status, message: "Moved Permanently", header: http.Header{"Location": {target}}}
}

func getRepository(c *call) (reply, error) {
	return reply{http.StatusOK, c.repo.describe(c.base)}, nil
}

// listOrganizationRepositories is GET /orgs/{org}/repos, ordered by name
// whatever sort asks for: the emulator's repositories are never pushed to.
func listOrganizationRepositories(c *call) (reply, error) {
	org, err := c.organization()
	if err != nil {
		return reply{}, err
	}
	found := c.describeAll(func(r *repository) bool { return r.owner == org && c.token.sees(r) })
	return reply{http.StatusOK, page(c, usualPaging, found)}, nil
}

// describeAll renders the repositories that keep holds for, by full name.
func (c *call) describeAll(keep func(*repository) bool) []map[string]any {
	var kept []*repository
	for _, repo := range c.server.repositories {
		if keep(repo) {
			kept = append(kept, repo)
		}
	}
	slices.SortFunc(kept, func(a, b *repository) int { return strings.Compare(a.fullName(), b.fullName()) })
	described := make([]map[string]any, len(kept))
	for i, repo := range kept {
		described[i] = repo.describe(c.base)
	}
	return described
}
