package github

import (
	"fmt"
	"maps"
	"strings"
)

// AddOrganization adds an organization and returns its id. A login that is
// there already keeps what it has.
func (s *Server) AddOrganization(login string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.organization(login).id
}

func (s *Server) organization(login string) *account {
	key := strings.ToLower(login)
	if s.accounts[key] == nil {
		s.accounts[key] = newOrganization(s.nextID(), login)
	}
	return s.accounts[key]
}

// AddUser adds a user, who can own repositories and Codespaces secrets, and
// returns its id.
func (s *Server) AddUser(login string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user(login).id
}

func (s *Server) user(login string) *account {
	key := strings.ToLower(login)
	if s.accounts[key] == nil {
		s.accounts[key] = newUser(s.nextID(), login)
	}
	return s.accounts[key]
}

// AddRepository adds a private repository, "owner/name", and returns its id.
// An owner that is not there becomes an organization. It panics on a name of
// another form or one that is taken.
func (s *Server) AddRepository(fullName string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner, name, ok := strings.Cut(fullName, "/")
	if !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		panic(fmt.Sprintf("AddRepository: %q is not owner/name", fullName))
	}
	if _, taken := s.repository(fullName); taken {
		panic(fmt.Sprintf("AddRepository: %s exists", fullName))
	}
	repo := newRepository(s.nextID(), s.organization(owner), name, s.Clock().Now())
	s.repositories[repo.id] = repo
	delete(s.formerNames, strings.ToLower(fullName)) // a new repository takes the name over
	return repo.id
}

// RenameRepository gives a repository another full name; requests to the
// former one are redirected to /repositories/{id}, as GitHub does.
func (s *Server) RenameRepository(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo := s.mustRepository(from)
	owner, name, _ := strings.Cut(to, "/")
	repo.owner, repo.name = s.organization(owner), name
	s.formerNames[strings.ToLower(from)] = repo.id
	delete(s.formerNames, strings.ToLower(to))
}

// PublishRepository makes a repository public.
func (s *Server) PublishRepository(fullName string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustRepository(fullName).private = false
}

// AddEnvironment adds an environment without protection, if it is not there.
func (s *Server) AddEnvironment(repo, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	environments := s.mustRepository(repo).environments
	if key := strings.ToLower(name); environments[key] == nil {
		environments[key] = newEnvironment(s.nextID(), name, s.Clock().Now())
	}
}

// AddToken makes the bearer token valid: for everything, unless limited. It is
// the token of the user octocat.
func (s *Server) AddToken(bearer string, limits ...Limit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added := &token{user: s.user("octocat")}
	for _, limit := range limits {
		limit(s, added)
	}
	s.tokens[bearer] = added
}

// RevokeToken ends a token.
func (s *Server) RevokeToken(bearer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, bearer)
}

// AddApp makes a GitHub App known.
func (s *Server) AddApp(app App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applications[app.ID] = &application{
		App: app, owner: s.user("octocat"), created: s.Clock().Now(), installations: map[int64]*installation{},
	}
}

// InstallApp installs the App on an account that is there, with the App's
// permissions, on the named repositories ("owner/name"), or on all of the
// account's if none is named. It returns the installation's id.
func (s *Server) InstallApp(appID int64, login string, repositories ...string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, owner := s.applications[appID], s.accounts[strings.ToLower(login)]
	if app == nil || owner == nil {
		panic(fmt.Sprintf("InstallApp: no App %d or no account %q", appID, login))
	}
	added := &installation{
		id: s.nextID(), app: app, account: owner,
		permissions: maps.Clone(app.Permissions), created: s.Clock().Now(),
	}
	if len(repositories) > 0 {
		added.repositories = map[int64]bool{}
	}
	for _, name := range repositories {
		added.repositories[s.mustRepository(name).id] = true
	}
	app.installations[added.id] = added
	return added.id
}

func (s *Server) repository(fullName string) (*repository, bool) {
	for _, repo := range s.repositories {
		if strings.EqualFold(repo.fullName(), fullName) {
			return repo, true
		}
	}
	return nil, false
}

func (s *Server) mustRepository(fullName string) *repository {
	repo, ok := s.repository(fullName)
	if !ok {
		panic(fmt.Sprintf("no repository %q", fullName))
	}
	return repo
}
