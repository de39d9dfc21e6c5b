package github

import "net/http"

// ofRepository, ofEnvironment, ofOrganization and ofUser find the secrets that
// a path is about.

func ofRepository(app string) locate {
	return func(c *call) (*store, error) { return c.repo.secrets[app], nil }
}

func ofEnvironment(c *call) (*store, error) {
	env, err := c.environment()
	if err != nil {
		return nil, err
	}
	return env.secrets, nil
}

func ofOrganization(app string) locate {
	return func(c *call) (*store, error) {
		org, err := c.organization()
		if err != nil {
			return nil, err
		}
		return org.secrets[app], nil
	}
}

func ofUser(c *call) (*store, error) {
	if c.token.user == nil {
		return nil, &failure{status: http.StatusForbidden, message: "Resource not accessible by integration"}
	}
	return c.token.user.secrets[codespaces], nil
}

func variablesOfRepository(c *call) (*store, error) { return c.repo.variables, nil }

func variablesOfEnvironment(c *call) (*store, error) {
	env, err := c.environment()
	if err != nil {
		return nil, err
	}
	return env.variables, nil
}

func variablesOfOrganization(c *call) (*store, error) {
	org, err := c.organization()
	if err != nil {
		return nil, err
	}
	return org.variables, nil
}

// listInherited lists the organization's secrets that a repository can use;
// listInheritedVariables its variables.
func listInherited(app string) handler {
	return func(c *call) (reply, error) {
		return counted(c, usualPaging, "secrets", c.inherited(c.repo.owner.secrets[app]))
	}
}

func listInheritedVariables(c *call) (reply, error) {
	return counted(c, variablePaging, "variables", c.inherited(c.repo.owner.variables))
}

// inherited renders the items of an organization that the repository sees,
// without their visibility. A user's repository inherits nothing.
func (c *call) inherited(s *store) []map[string]any {
	described := []map[string]any{}
	if !c.repo.owner.organization {
		return described
	}
	for _, each := range s.sorted() {
		if each.reaches(c.repo) {
			plain := *each
			plain.visibility = ""
			described = append(described, c.describe(s, &plain))
		}
	}
	return described
}

// reaches reports whether an organization's item can be used in r.
func (i *item) reaches(r *repository) bool {
	switch i.visibility {
	case "all":
		return true
	case "private":
		return r.private
	default:
		return i.selected[r.id]
	}
}
