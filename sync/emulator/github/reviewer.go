package github

import "fmt"

// describeReviewers renders reviewers. Whatever id a request names exists: as
// a user of the emulator, or else by a made-up name.
func (c *call) describeReviewers(reviewers []reviewer) []map[string]any {
	described := []map[string]any{}
	for _, r := range reviewers {
		var who map[string]any
		if r.Type == "Team" {
			who = c.describeTeam(r.ID)
		} else {
			who = c.reviewingUser(r.ID).describe(c.base)
		}
		described = append(described, map[string]any{"type": r.Type, "reviewer": who})
	}
	return described
}

func (c *call) reviewingUser(id int64) *account {
	for _, account := range c.server.accounts {
		if account.id == id && !account.organization {
			return account
		}
	}
	return &account{id: id, login: fmt.Sprintf("user-%d", id)}
}

func (c *call) describeTeam(id int64) map[string]any {
	slug := fmt.Sprintf("team-%d", id)
	url := fmt.Sprintf("%s/teams/%d", c.base, id)
	return map[string]any{
		"id": id, "node_id": nodeID("T", id), "name": slug, "slug": slug, "description": nil,
		"url": url, "html_url": "https://github.com/orgs/" + c.repo.owner.login + "/teams/" + slug,
		"members_url": url + "/members{/member}", "repositories_url": url + "/repos",
		"permission": "push", "privacy": "closed", "parent": nil, "type": "organization",
	}
}
