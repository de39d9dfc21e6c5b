package gitlab

import (
	"regexp"
	"strings"

	gl "github.com/xanzy/go-gitlab"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A level is where GitLab keeps variables, and what holds there alone.
type level struct {
	name     string // of the level, as scopes begin with it
	capacity int    // variables, of all scopes together
	maxValue int    // characters; 0: GitLab documents no limit
	noNotes  string // the version before which GitLab keeps no description here
	role     string // what it takes to see or to change a variable
	token    string // the token to use
}

// https://docs.gitlab.com/api/project_level_variables/,
// https://docs.gitlab.com/api/group_level_variables/,
// https://docs.gitlab.com/api/instance_level_ci_variables/
var (
	projectLevel = level{
		name: "project", capacity: 8_000, noNotes: "16.2", role: "the role Maintainer in the project",
		token: "a project access token with the role Maintainer and the scope api",
	}
	groupLevel = level{
		name: "group", capacity: 30_000, noNotes: "16.2", role: "the role Owner in the group",
		token: "a group access token with the role Owner and the scope api",
	}
	instanceLevel = level{
		name: "instance", capacity: 25, maxValue: 10_000, noNotes: "16.8", role: "to be an administrator's",
		token: "an administrator's access token with the scope api",
	}
)

// pathSegment is one of a path's names.
// https://docs.gitlab.com/user/reserved_names/
var pathSegment = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]*$`)

// root is where the API has the project or the group itself.
func (t *Target) root() string { return t.level.name + "s/" + gl.PathEscape(t.path) }

// variables is where the API has the variables.
func (t *Target) variables() string {
	if t.level == &instanceLevel {
		return "admin/ci/variables"
	}
	return t.root() + "/variables"
}

// variableAt is where the API has a variable; which of them, a filter says.
func (t *Target) variableAt(at place) string { return t.variables() + "/" + gl.PathEscape(at.name) }

// A place is what a variable is one by.
type place struct {
	scope string // the environment scope; "" for the instance, which has none
	name  string
}

const maxScope = 255 // characters

// environmentScope is GitLab's rule: environment_scope_regex of its
// lib/gitlab/regex.rb.
var environmentScope = regexp.MustCompile(`^[A-Za-z0-9 _/${}.*-]+$`)

// resolve gives a scope's environment scope; it must be of the target's level.
func (t *Target) resolve(scope store.Scope) (string, error) {
	kind, name, _ := strings.Cut(string(scope), ":")
	refuse := func(detail string) (string, error) {
		return "", &store.Error{Op: "use scope", Ref: t.refOf(scope), Kind: store.ErrInvalid, Detail: detail}
	}
	switch {
	case t.level == &instanceLevel:
		if scope != "instance" {
			return refuse("this target's scope is instance")
		}
		return "", nil
	case kind != t.level.name:
		return refuse("this target's scopes begin with " + t.level.name + ":")
	case !environmentScope.MatchString(name):
		return refuse("an environment scope has letters, digits, spaces and - _ / $ { } . * only")
	case len(name) > maxScope:
		return refuse("an environment scope has at most 255 characters")
	case strings.TrimSpace(name) != name:
		return refuse("an environment scope does not begin or end with a space")
	}
	return name, nil
}

// scopeOf undoes resolve.
func (t *Target) scopeOf(environmentScope string) store.Scope {
	if t.level == &instanceLevel {
		return "instance"
	}
	return store.Scope(t.level.name + ":" + environmentScope)
}

// ref names the target in errors.
func (t *Target) ref() string {
	if t.level == &instanceLevel {
		return t.host
	}
	return t.path
}

func (t *Target) refOf(scope store.Scope) string { return t.ref() + " " + string(scope) }

func (t *Target) refTo(at place) string { return t.refOf(t.scopeOf(at.scope)) + " " + at.name }
