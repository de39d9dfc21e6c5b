package gitlab

import (
	"regexp"
	"strings"

	gl "github.com/xanzy/go-gitlab"

	"github.com/keyplumb/keyplumb/sync/store"
)

// A level is one of the three places that GitLab keeps variables in.
type level struct {
	kind     string // project, group, instance
	ref      string // in errors
	path     string // of the thing itself, in the API; "" for the instance
	base     string // of its variables, in the API
	capacity int
	role     string // what a token needs
}

// fullPath is a project's or a group's, nested groups included.
var fullPath = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)

// digits alone would be taken for an id.
var digits = regexp.MustCompile(`^[0-9]+$`)

func levelOf(o Options) (level, error) {
	var l level
	switch {
	case o.Project != "" && o.Group == "" && !o.Instance && strings.Contains(o.Project, "/"):
		l = level{kind: "project", ref: o.Project, path: "projects/" + gl.PathEscape(o.Project), capacity: 8_000,
			role: "the role Maintainer in the project"}
		l.base = l.path + "/variables"
	case o.Group != "" && o.Project == "" && !o.Instance && !digits.MatchString(o.Group):
		l = level{kind: "group", ref: o.Group, path: "groups/" + gl.PathEscape(o.Group), capacity: 30_000,
			role: "the role Owner in the group"}
		l.base = l.path + "/variables"
	case o.Instance && o.Project == "" && o.Group == "":
		return level{kind: "instance", ref: "the instance", base: "admin/ci/variables", capacity: 25, role: "an administrator's rights"}, nil
	}
	if !fullPath.MatchString(l.ref) || hasDots(l.ref) {
		return level{}, &store.Error{
			Op: "open", Ref: "gitlab target", Kind: store.ErrInvalid,
			Detail: "a project is named group/project, a group by its full path",
		}
	}
	return l, nil
}

// hasDots finds the segments that mean another place in a path.
func hasDots(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// environmentScopes is what GitLab takes for one (its
// Gitlab::Regex.environment_scope_regex), and no more than 255 of them.
var environmentScopes = regexp.MustCompile(`^[a-zA-Z0-9_/${}. *-]{1,255}$`)

// environmentScope gives the environment scope that a scope stands for; "" for
// the instance, which has none.
func (l level) environmentScope(scope store.Scope) (string, error) {
	name, ok := strings.CutPrefix(string(scope), l.kind+":")
	if l.kind == "instance" {
		name, ok = "", scope == "instance"
	} else {
		ok = ok && environmentScopes.MatchString(name) && strings.TrimSpace(name) == name
	}
	if !ok {
		return "", &store.Error{
			Op: "use scope", Ref: l.ref, Kind: store.ErrInvalid,
			Detail: "an environment scope has up to 255 letters, digits, spaces and - _ / $ { } . *, and no space at its ends",
		}
	}
	return name, nil
}

// refOf names a scope in errors.
func (l level) refOf(scope store.Scope) string {
	if l.kind == "instance" {
		return l.ref
	}
	return l.ref + " " + string(scope)
}

// refTo names a variable in errors.
func (l level) refTo(scope store.Scope, name string) string { return l.refOf(scope) + " " + name }
