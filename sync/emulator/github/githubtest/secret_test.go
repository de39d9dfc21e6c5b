package githubtest

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
)

// places are the stores of secrets, by their address.
func places() map[string]github.Place {
	repo, org := github.InRepository("acme/api"), github.InOrganization("acme")
	return map[string]github.Place{
		"/repos/acme/api/actions/secrets":           repo,
		"/repos/acme/api/dependabot/secrets":        repo.For("dependabot"),
		"/repos/acme/api/codespaces/secrets":        repo.For("codespaces"),
		"/repos/acme/api/environments/prod/secrets": github.InEnvironment("acme/api", "prod"),
		"/orgs/acme/actions/secrets":                org,
		"/orgs/acme/dependabot/secrets":             org.For("dependabot"),
		"/orgs/acme/codespaces/secrets":             org.For("codespaces"),
		"/user/codespaces/secrets":                  {User: "octocat", App: "codespaces"},
	}
}

func TestSecretLife(t *testing.T) {
	for base, place := range places() {
		t.Run(base, func(t *testing.T) {
			c := start(t)
			put := func(status int, value string) {
				t.Helper()
				body := c.seal(base, value)
				if place.Organization != "" {
					body["visibility"] = "all"
				}
				c.want(status, "PUT", base+"/db_password", body)
				if got, _ := c.SecretValue(place, "DB_PASSWORD"); got != value {
					t.Errorf("the emulator opened %q, want %q", got, value)
				}
			}
			put(201, "first\nvalue")
			c.Clock().Advance(time.Minute)
			put(204, "second")
			got := c.want(200, "GET", base+"/Db_Password", nil).fields
			if got["name"] != "DB_PASSWORD" || got["created_at"] != "2026-01-02T03:04:05Z" || got["updated_at"] != "2026-01-02T03:05:05Z" {
				t.Errorf("secret: %v", got)
			}
			if _, leaked := got["value"]; leaked {
				t.Error("a secret shows its value")
			}
			if list := c.want(200, "GET", base, nil).fields; list["total_count"] != 1.0 {
				t.Errorf("list: %v", list)
			}
			c.want(204, "DELETE", base+"/DB_PASSWORD", nil)
			c.want(404, "GET", base+"/DB_PASSWORD", nil)
			c.want(404, "DELETE", base+"/DB_PASSWORD", nil)
		})
	}
}

func TestPlacesAreApart(t *testing.T) {
	c := start(t)
	keys := map[any]string{}
	for base := range places() {
		id := c.want(200, "GET", base+"/public-key", nil).fields["key_id"]
		if other, taken := keys[id]; taken {
			t.Errorf("%s and %s have one key", base, other)
		}
		keys[id] = base
	}
	sealed := c.seal("/repos/acme/api/actions/secrets", "value")
	got := c.want(422, "PUT", "/repos/acme/api/environments/prod/secrets/X", sealed)
	if got.fields["message"] != "Bad request - validation failed due to an improperly encrypted secret" {
		t.Errorf("message %q", got.fields["message"])
	}
}

func TestOrganizationSelection(t *testing.T) {
	for _, app := range []string{"actions", "dependabot", "codespaces"} {
		t.Run(app, func(t *testing.T) {
			c := start(t)
			web := c.AddRepository("acme/web")
			base := "/orgs/acme/" + app + "/secrets"
			body := c.seal(base, "value")
			maps.Copy(body, map[string]any{"visibility": "selected", "selected_repository_ids": []int64{web}})
			c.want(201, "PUT", base+"/X", body)
			selected := c.want(200, "GET", base+"/X/repositories", nil).fields
			if selected["total_count"] != 1.0 {
				t.Errorf("selected: %v", selected)
			}
			c.Clock().Advance(time.Hour)
			c.want(204, "PUT", base+"/X/repositories", map[string]any{"selected_repository_ids": []int64{}})
			if got := c.want(200, "GET", base+"/X", nil).fields; got["updated_at"] != "2026-01-02T04:04:05Z" || got["selected_repositories_url"] != c.URL+base+"/X/repositories" {
				t.Errorf("after a change of the selection: %v", got)
			}
			body = c.seal(base, "value")
			body["visibility"] = "all"
			c.want(204, "PUT", base+"/X", body)
			c.want(409, "PUT", fmt.Sprintf("%s/X/repositories/%d", base, c.api), nil)
		})
	}
}
