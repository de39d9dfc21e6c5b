package github

import (
	"crypto/rand"
	"maps"
	"net/http"
	"strings"
	"time"
)

// mintBody narrows a new installation token.
type mintBody struct {
	Repositories  []string          `json:"repositories"`
	RepositoryIDs []int64           `json:"repository_ids"`
	Permissions   map[string]string `json:"permissions"`
}

// mintLimit is how many repositories a request may name.
const mintLimit = 500

// mintToken makes an installation token that lives for an hour and may do what
// the installation may, or what of it the body asks for.
func mintToken(c *call, app *application) (reply, error) {
	from, err := c.installation(app)
	if err != nil {
		return reply{}, err
	}
	body, err := decodeOptional[mintBody](c)
	if err != nil {
		return reply{}, err
	}
	minted := &token{
		permissions: from.permissions, repositories: c.server.covered(from),
		installation: from, expires: c.now.Add(time.Hour),
	}
	selection := from.selection()
	if body != nil {
		if err := c.narrow(minted, *body); err != nil {
			return reply{}, err
		}
		if len(body.Repositories)+len(body.RepositoryIDs) > 0 {
			selection = "selected"
		}
	}
	bearer := "ghs_" + rand.Text() + rand.Text()
	c.server.tokens[bearer] = minted
	fields := map[string]any{
		"token": bearer, "expires_at": stamp(minted.expires),
		"permissions": minted.permissions, "repository_selection": selection,
	}
	if selection == "selected" {
		fields["repositories"] = c.describeAll(minted.sees)
	}
	return reply{http.StatusCreated, fields}, nil
}

// narrow takes from the token what the body does not ask for.
func (c *call) narrow(t *token, body mintBody) error {
	if len(body.Permissions) > 0 { // PyGithub sends {} for all of them
		for name, level := range body.Permissions {
			if (level != "read" && level != "write" && level != "admin") || !(permission{name, level}).allowed(t.permissions) {
				return unprocessable("The permissions requested are not granted to this installation.")
			}
		}
		t.permissions = maps.Clone(body.Permissions)
		t.permissions["metadata"] = "read"
	}
	asked := len(body.Repositories) + len(body.RepositoryIDs)
	if asked == 0 {
		return nil
	}
	if asked > mintLimit {
		return unprocessable("At most %d repositories may be named.", mintLimit)
	}
	narrowed, err := c.named(t, body)
	if err == nil {
		t.repositories = narrowed
	}
	return err
}

// named finds the repositories that the body names among the token's.
func (c *call) named(t *token, body mintBody) (map[int64]bool, error) {
	found := map[int64]bool{}
	for _, id := range body.RepositoryIDs {
		if !t.repositories[id] {
			return nil, inaccessible()
		}
		found[id] = true
	}
	for _, name := range body.Repositories {
		before := len(found)
		for id := range t.repositories {
			if strings.EqualFold(c.server.repositories[id].name, name) {
				found[id] = true
			}
		}
		if len(found) == before {
			return nil, inaccessible()
		}
	}
	return found, nil
}

func inaccessible() error {
	return unprocessable("There is at least one repository that does not exist or is not accessible to the parent installation.")
}

func listInstallationRepositories(c *call) (reply, error) {
	from := c.token.installation
	if from == nil {
		return reply{}, &failure{status: http.StatusForbidden, message: "You must authenticate with an installation access token in order to list repositories for an installation."}
	}
	repositories := c.describeAll(c.token.sees)
	return reply{http.StatusOK, map[string]any{
		"total_count": len(repositories), "repository_selection": from.selection(),
		"repositories": page(c, usualPaging, repositories),
	}}, nil
}

func revokeToken(c *call) (reply, error) {
	if c.token.installation == nil {
		return reply{}, &failure{status: http.StatusForbidden, message: "Resource not accessible by personal access token"}
	}
	delete(c.server.tokens, c.bearer)
	return reply{status: http.StatusNoContent}, nil
}
