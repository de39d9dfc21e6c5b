package policy

import (
	"regexp"

	"cuelang.org/go/cue"
)

// matching reads a string that has to have a form.
func (r *reader) matching(v cue.Value, form *regexp.Regexp, help string) (string, bool) {
	text, ok := r.nonEmpty(v)
	if ok && !form.MatchString(text) {
		r.add(valueSpan(v), help, "%q is no %s", text, lastField(v))
		return "", false
	}
	return text, ok
}

// lastField is the name of the field that a value is in.
func lastField(v cue.Value) string {
	selectors := v.Path().Selectors()
	if len(selectors) == 0 {
		return ""
	}
	return selectors[len(selectors)-1].Unquoted()
}

// exactlyOne checks that a target names one place, not several nor none.
func (r *reader) exactlyOne(v cue.Value, fields map[string]cue.Value, kind string, choices ...string) bool {
	var given []string
	for _, choice := range choices {
		if _, ok := fields[choice]; ok {
			given = append(given, choice)
		}
	}
	switch len(given) {
	case 1:
		return true
	case 0:
		if strange(fields, targetFields(kind)) {
			return false // it may be the place
		}
		r.add(labelSpan(v), "give it its "+oneOf(choices), "%s names no place", pathOf(v))
	default:
		r.add(labelSpan(fields[given[1]]), "leave one out", "%s has both %s and %s", pathOf(v), given[0], given[1])
	}
	return false
}

// github fills in a GitHub target's defaults and checks what belongs together.
func (r *reader) github(t *Target, v cue.Value, fields map[string]cue.Value) {
	if !r.exactlyOne(v, fields, t.Kind, "repository", "organization") {
		return
	}
	if _, ok := fields["store"]; !ok {
		t.Store = "actions"
	}
	_, ofOrganization := fields["organization"]
	if scope, ok := fields["scope"]; !ok {
		t.ScopeKind = defaultScope(t.Store, ofOrganization)
	} else {
		r.scopeFits(t, scope, ofOrganization)
	}
	if create, ok := fields["create"]; ok && t.Create && t.ScopeKind != "environment" {
		r.add(labelSpan(create), "", "%s has no environment to create: its scope is the %s", pathOf(v), t.ScopeKind)
	}
	r.visible(t, v, fields)
}

func defaultScope(store string, ofOrganization bool) string {
	switch {
	case ofOrganization:
		return "organization"
	case store == "actions":
		return "environment"
	default:
		return "repository"
	}
}

// scopeFits checks that the scope is one of the place and of the store.
func (r *reader) scopeFits(t *Target, v cue.Value, ofOrganization bool) {
	switch {
	case ofOrganization && t.ScopeKind != "organization" && t.ScopeKind != "":
		r.add(valueSpan(v), "name a repository instead of the organization", "an organization has no %s scope", t.ScopeKind)
	case !ofOrganization && t.ScopeKind == "organization":
		r.add(valueSpan(v), "name the organization instead of a repository", "a repository has no organization scope")
	case t.ScopeKind == "environment" && t.Store != "actions" && t.Store != "":
		r.add(valueSpan(v), "leave it out, or use scope: \"repository\"", "%s has no secrets of environments", t.Store)
	}
}

// visible checks who may see an organization's secrets, and fills in the
// narrowest default.
func (r *reader) visible(t *Target, v cue.Value, fields map[string]cue.Value) {
	visibility, shown := fields["visibility"]
	repositories, selected := fields["repositories"]
	if t.ScopeKind != "organization" {
		if shown {
			r.add(labelSpan(visibility), "", "visibility is for an organization's secrets")
		}
		if selected {
			r.add(labelSpan(repositories), "", "repositories are for an organization's secrets")
		}
		return
	}
	switch {
	case !shown && selected:
		t.Attributes["visibility"] = "selected"
	case !shown:
		t.Attributes["visibility"] = "private"
	case t.Attributes["visibility"] == "selected" && !selected:
		r.add(valueSpan(visibility), "list them: repositories: [\"…\"]", "%s selects no repositories", pathOf(v))
	case selected && t.Attributes["visibility"] != "selected" && t.Attributes["visibility"] != "":
		r.add(labelSpan(repositories), "set visibility: \"selected\", or leave the list out", "repositories are listed, but visibility is %q", t.Attributes["visibility"])
	}
}

// dotenv fills in a dotenv target's path and checks it: nothing but a .env
// file, one for each environment.
func (r *reader) dotenv(t *Target, fields map[string]cue.Value) {
	path, ok := fields["path"]
	if !ok {
		t.Path = ".env." + envPlaceholder
		return
	}
	if t.Path != "" && !dotenvFile.MatchString(t.Path) {
		r.add(valueSpan(path), "name it .env, or .env.{env}", "a dotenv target writes files named .env… alone")
	}
}

var dotenvFile = regexp.MustCompile(`^(.*/)?\.env[^/]*$`)
