package gitlab_test

import (
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

const prod = "?filter%5Benvironment_scope%5D=prod"

// twoScopes has one key for two scopes, in the project and in the group.
func twoScopes(t *testing.T) *client {
	t.Helper()
	c := start(t, gitlab.Options{})
	for _, place := range scoped {
		c.want(201, "POST", place, fields{"key": "K", "value": "of *"})
		c.want(201, "POST", place, fields{"key": "K", "value": "of prod", "environment_scope": "prod"})
	}
	return c
}

func TestFilter(t *testing.T) {
	const ambiguous = `{"message":"There are multiple variables with provided parameters. Please use 'filter[environment_scope]'"}`
	for _, place := range scoped {
		c := twoScopes(t)
		if got := c.want(409, "GET", place+"/K", nil); got.text != ambiguous {
			t.Errorf("GET %s: %s", place, got.text)
		}
		c.want(409, "DELETE", place+"/K", nil)
		c.want(409, "GET", place+"/K?filter[environment_scope]=", nil) // an empty filter is none
		c.want(404, "GET", place+"/K?filter[environment_scope]=pro", nil)
		if got := c.want(400, "GET", place+"/K?filter=prod", nil); got.text != `{"error":"filter is invalid"}` {
			t.Errorf("GET %s: %s", place, got.text)
		}
		if got := c.want(200, "GET", place+"/K"+prod, nil).fields(t); got["value"] != "of prod" {
			t.Errorf("GET %s: %v", place, got)
		}
		byBody := fields{"value": "2", "filter": fields{"environment_scope": "prod"}}
		if got := c.want(200, "PUT", place+"/K", byBody).fields(t); got["environment_scope"] != "prod" || got["value"] != "2" {
			t.Errorf("PUT %s: %v", place, got)
		}
		if got := c.want(200, "PUT", place+"/K"+prod, fields{"value": "3"}).fields(t); got["environment_scope"] != "prod" || got["value"] != "3" {
			t.Errorf("PUT %s: %v", place, got)
		}
		form := c.send("PUT", place+"/K", "application/x-www-form-urlencoded", "value=4&filter%5Benvironment_scope%5D=prod")
		if form.status != 200 || form.fields(t)["environment_scope"] != "prod" {
			t.Errorf("PUT %s: %s", place, form.text)
		}
		got := c.want(400, "PUT", place+"/K"+prod, fields{"environment_scope": "*"})
		if got.text != `{"message":{"key":["(K) has already been taken"]}}` {
			t.Errorf("PUT %s: %s", place, got.text)
		}
		c.want(409, "GET", place+"/K", fields{"filter": fields{"environment_scope": "prod"}}) // a GET has no body
		c.want(204, "DELETE", place+"/K", fields{"filter": fields{"environment_scope": "prod"}})
		c.want(201, "POST", place, fields{"key": "K", "value": "again", "environment_scope": "prod"})
		c.want(204, "DELETE", place+"/K"+prod, nil)
		c.want(200, "GET", place+"/K", nil) // one is left
	}
}

// TestFilterInJSONIsAnObject: JSON has no brackets in names. GitLab ignores
// such a parameter, like all that it does not know.
func TestFilterInJSONIsAnObject(t *testing.T) {
	c := twoScopes(t)
	c.want(409, "PUT", variables+"/K", fields{"value": "2", "filter[environment_scope]": "prod"})
}

// TestGroupUpdatesAreOdd is what lib/api/group_variables.rb documents.
func TestGroupUpdatesAreOdd(t *testing.T) {
	c := twoScopes(t)
	c.want(409, "PUT", variables+"/K", fields{"value": "2"})
	c.want(404, "PUT", variables+"/K?filter[environment_scope]=x", fields{"value": "2"})
	for _, query := range []string{"", "?filter[environment_scope]=x"} {
		if got := c.want(200, "PUT", ofApps+"/K"+query, fields{"value": "2"}).fields(t); got["environment_scope"] != "*" {
			t.Errorf("PUT%s changed %v", query, got)
		}
	}
	c.want(404, "PUT", ofApps+"/NONE", fields{"value": "2"})
}

func TestMissingVariables(t *testing.T) {
	c := start(t, gitlab.Options{})
	for place, noun := range map[string]string{variables: "Variable", ofApps: "GroupVariable", instance: "InstanceVariable"} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			if got := c.want(404, method, place+"/NONE", nil); got.text != `{"message":"404 `+noun+` Not Found"}` {
				t.Errorf("%s %s: %s", method, place, got.text)
			}
		}
	}
}

// TestFreeTier: environment scopes of groups are of Premium.
func TestFreeTier(t *testing.T) {
	c := start(t, gitlab.Options{Free: true})
	body := fields{"key": "K", "value": "v", "environment_scope": "prod"}
	if got := c.want(201, "POST", ofApps, body).fields(t); got["environment_scope"] != "*" {
		t.Errorf("a group of the Free tier has %v", got)
	}
	if got := c.want(200, "PUT", ofApps+"/K", fields{"environment_scope": "prod"}).fields(t); got["environment_scope"] != "*" {
		t.Errorf("a group of the Free tier has %v", got)
	}
	if got := c.want(201, "POST", variables, body).fields(t); got["environment_scope"] != "prod" {
		t.Errorf("a project of the Free tier has %v", got)
	}
}
