package policy

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
)

var (
	environmentName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	secretName      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	repositoryName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+$`)
	ownerName       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	placeholder     = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)
)

// reserved are the beginnings of names that stores, or keyplumb, keep for
// themselves, each with who does.
var reserved = []struct{ prefix, owner string }{
	{"GITHUB_", "GitHub"},
	{"KEYPLUMB_", "keyplumb"},
}

// secretNamed checks a name that CI is to see.
func (r *reader) secretNamed(name string, where span) bool {
	if !secretName.MatchString(name) {
		r.add(where, "use letters, digits and _, no digit first", "%q cannot name a secret", name)
		return false
	}
	for _, taken := range reserved {
		if strings.HasPrefix(strings.ToUpper(name), taken.prefix) {
			r.add(where, "give CI another name by as:", "names that begin with %s are %s's own", taken.prefix, taken.owner)
			return false
		}
	}
	return true
}

// placeholders checks that a string holds no placeholder but {env}.
func (r *reader) placeholders(v cue.Value, text string) bool {
	for _, match := range placeholder.FindAllString(text, -1) {
		if match != envPlaceholder {
			r.add(valueSpan(v), "the one placeholder there is: {env}", "%s is no placeholder, in %s", match, pathOf(v))
			return false
		}
	}
	return true
}

// templated reads a string that may hold {env}.
func (r *reader) templated(v cue.Value) (string, bool) {
	text, ok := r.nonEmpty(v)
	return text, ok && r.placeholders(v, text)
}

// inside reads the path of a file, which may not leave the repository.
func (r *reader) inside(v cue.Value) (string, bool) {
	text, ok := r.templated(v)
	if !ok {
		return "", false
	}
	clean := path.Clean(text)
	if path.IsAbs(text) || strings.Contains(text, `\`) || clean == ".." || strings.HasPrefix(clean, "../") {
		r.add(valueSpan(v), "give a path relative to the repository's root", "%s leaves the repository", pathOf(v))
		return "", false
	}
	if clean == "." || strings.HasSuffix(text, "/") {
		r.add(valueSpan(v), "", "%s names no file", pathOf(v))
		return "", false
	}
	return clean, true
}

// address reads the URL of a server. Whether it may be plain HTTP is judged
// elsewhere; a password in it never may.
func (r *reader) address(v cue.Value) (string, bool) {
	text, ok := r.templated(v)
	if !ok {
		return "", false
	}
	u, err := url.Parse(fillEnv(text, "env"))
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		r.add(valueSpan(v), "write it like https://host:port", "%s is no http or https address", pathOf(v))
	case u.User != nil:
		r.add(valueSpan(v), "a policy holds no credentials: take it out, and change it", "%s carries a user name or password", pathOf(v))
	case u.RawQuery != "" || u.Fragment != "":
		r.add(valueSpan(v), "", "%s has a query or a fragment", pathOf(v))
	case !validPort(u):
		r.add(valueSpan(v), "", "%s has no valid port", pathOf(v))
	default:
		return text, true
	}
	return "", false
}

func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}
