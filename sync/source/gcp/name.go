package gcp

import (
	"regexp"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// The parts of a resource's name. None can hold a slash, or be a dot or two.
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets
var (
	project  = regexp.MustCompile(`^([a-z0-9-]+(\.[a-z0-9-]+)+:)?[a-z0-9][a-z0-9-]{0,62}$`) // an id, an id below a domain, a number
	secretID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	revision = regexp.MustCompile(`^([1-9][0-9]{0,17}|[A-Za-z][A-Za-z0-9_-]{0,62})$`) // a number, an alias, "latest"
)

// A name is where one secret lies.
type name struct{ project, location, secret string }

// String is the resource's name.
func (n name) String() string {
	if n.location == "" {
		return "projects/" + n.project + "/secrets/" + n.secret
	}
	return "projects/" + n.project + "/locations/" + n.location + "/secrets/" + n.secret
}

// command gives a command of gcloud's about the secret, for hints.
func (n name) command(verb, rest string) string {
	text := "gcloud secrets " + verb + " " + n.secret + " --project=" + n.project
	if n.location != "" {
		text += " --location=" + n.location
	}
	return text + rest
}

// name reads a path: a resource's name, project/secret, or secret.
func (s *Source) name(path string) (name, error) {
	refuse := func(detail, hint string) (name, error) {
		return name{}, &store.Error{Op: "read", Ref: path, Kind: store.ErrInvalid, Detail: detail, Hint: hint}
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	n := name{project: s.options.Project, location: s.options.Location}
	switch {
	case len(parts) == 1 && s.options.Project == "":
		return refuse("the path names no project", "write it as project/name, or give the source a project: \"…\"")
	case len(parts) == 1:
		n.secret = parts[0]
	case len(parts) == 2:
		n.project, n.secret = parts[0], parts[1]
	case len(parts) == 4 && parts[0] == "projects" && parts[2] == "secrets":
		n = name{project: parts[1], secret: parts[3]}
	case len(parts) == 6 && parts[0] == "projects" && parts[2] == "locations" && parts[4] == "secrets":
		n = name{parts[1], parts[3], parts[5]}
	case len(parts) > 4 && parts[len(parts)-2] == "versions":
		return refuse("the path names a version", "put it into version, and leave it out of path")
	default:
		return refuse("that is no secret's name", "write it as name, project/name, or projects/PROJECT/secrets/NAME")
	}
	switch {
	case !project.MatchString(n.project):
		return refuse("the project is no id and no number", "gcloud projects list shows the ids")
	case !secretID.MatchString(n.secret):
		return refuse("a secret's name has letters, digits, - and _, up to 255 of them", "gcloud secrets list shows the names")
	case n.location != s.options.Location:
		return refuse("the secret is of another location than the source", "give each location a source of its own, with location: \"…\"; a source without has the secrets that are not regional")
	}
	return n, nil
}
