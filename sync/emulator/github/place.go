package github

import (
	"fmt"
	"strings"
)

// A Place names a store from outside: the secrets and variables of a
// repository, of one of its environments, of an organization or of a user.
type Place struct {
	Repository   string // "owner/name"
	Environment  string // of the repository; "": the repository itself
	Organization string // in place of a repository
	User         string // in place of a repository, for Codespaces
	App          string // "actions" (also if empty), "dependabot" or "codespaces"
}

// InRepository is the place of a repository's own items.
func InRepository(fullName string) Place { return Place{Repository: fullName} }

// InEnvironment is the place of an environment's items.
func InEnvironment(fullName, name string) Place {
	return Place{Repository: fullName, Environment: name}
}

// InOrganization is the place of an organization's items.
func InOrganization(login string) Place { return Place{Organization: login} }

// For returns the same place for another app's secrets.
func (p Place) For(app string) Place {
	p.App = app
	return p
}

func (p Place) app() string {
	if p.App == "" {
		return actions
	}
	return p.App
}

// secrets and variables find the place's stores.
func (s *Server) secrets(p Place) (*store, error) {
	found := func(at *store) (*store, error) {
		if at == nil {
			return nil, fmt.Errorf("no secrets at %+v", p)
		}
		return at, nil
	}
	if owner := s.accounts[strings.ToLower(p.Organization+p.User)]; owner != nil {
		return found(owner.secrets[p.app()])
	}
	if env := s.placeEnvironment(p); env != nil && p.app() == actions {
		return found(env.secrets)
	}
	if repo, ok := s.repository(p.Repository); ok && p.Environment == "" {
		return found(repo.secrets[p.app()])
	}
	return found(nil)
}

func (s *Server) variables(p Place) (*store, error) {
	if owner := s.accounts[strings.ToLower(p.Organization)]; owner != nil && owner.organization {
		return owner.variables, nil
	}
	if env := s.placeEnvironment(p); env != nil {
		return env.variables, nil
	}
	if repo, ok := s.repository(p.Repository); ok && p.Environment == "" {
		return repo.variables, nil
	}
	return nil, fmt.Errorf("no variables at %+v", p)
}

func (s *Server) placeEnvironment(p Place) *environment {
	repo, ok := s.repository(p.Repository)
	if !ok {
		return nil
	}
	return repo.environments[strings.ToLower(p.Environment)]
}
