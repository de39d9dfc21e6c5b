package policy

import (
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue"
)

// maxScope is the longest environment scope that GitLab takes, in characters.
const maxScope = 255

// gitlab checks what belongs together in a GitLab target, and fills in its
// defaults.
func (r *reader) gitlab(t *Target, v cue.Value, fields map[string]cue.Value) {
	if r.exactlyOne(v, fields, t.Kind, "project", "group", "instance") && !t.Instance && t.Project == "" && t.Group == "" {
		if instance, ok := fields["instance"]; ok {
			r.add(valueSpan(instance), "write instance: true, or name a project or group", "%s names no place", pathOf(v))
		}
	}
	hidden, ok := fields["hidden"]
	switch {
	case ok && t.Instance:
		r.add(labelSpan(hidden), "leave it out", "GitLab has no hidden variables of the instance")
	case t.Attributes["hidden"] == "true" && t.Attributes["masked"] == "false":
		r.add(valueSpan(fields["masked"]), "leave one out", "%s is to hide what it does not mask: what GitLab hides it masks, too", pathOf(v))
	}
	r.gitlabDefaults(t)
}

// gitlabDefaults fills in what the target's variables are unless the policy
// says otherwise, as far as that is one thing for all of them; the rest each
// placement decides.
func (r *reader) gitlabDefaults(t *Target) {
	fill(t.Attributes, "raw", true)
	fill(t.Attributes, "file", false)
	production := func(environment string) bool { return r.policy.Environment(environment).Tier == Production }
	switch {
	case !slices.ContainsFunc(t.Only, production):
		fill(t.Attributes, "protected", false)
	case !slices.ContainsFunc(t.Only, func(environment string) bool { return !production(environment) }):
		fill(t.Attributes, "protected", true)
	}
}

// pathSegment is one of a GitLab path's names.
//
// Source: https://docs.gitlab.com/user/reserved_names/#limitations-on-usernames-project-and-group-names-and-slugs
var pathSegment = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]*$`)

// gitlabPath reads the full path of a project, which is in a group or a user's
// namespace, or of a group. The API takes a number for an id, which is another
// namespace than that of paths.
func (r *reader) gitlabPath(v cue.Value, help string) (string, bool) {
	text, ok := r.nonEmpty(v)
	if !ok {
		return "", false
	}
	what := lastField(v)
	segments := strings.Split(text, "/")
	switch {
	case what == "project" && len(segments) < 2, slices.ContainsFunc(segments, isNoSegment):
		r.add(valueSpan(v), help, "%q is no %s", text, what)
	case len(segments) == 1 && strings.Trim(text, "0123456789") == "":
		r.add(valueSpan(v), "write its path", "%q would be taken for the id of a %s", text, what)
	default:
		return text, true
	}
	return "", false
}

func isNoSegment(name string) bool {
	return !pathSegment.MatchString(name) || name == "." || name == ".." ||
		strings.HasSuffix(name, ".git") || strings.HasSuffix(name, ".atom")
}

// gitlabURL reads the address of a server, the same for all environments.
func (r *reader) gitlabURL(v cue.Value) (string, bool) {
	text, ok := r.address(v)
	if ok && strings.Contains(text, envPlaceholder) {
		r.add(valueSpan(v), "make a target for each server, limited by only:",
			"%s is one for all environments: %s is for the strings of sources", pathOf(v), envPlaceholder)
		return "", false
	}
	return text, ok
}

// environmentScope is what GitLab takes for one.
//
// Source: Gitlab::Regex.environment_scope_regex, in GitLab's lib/gitlab/regex.rb
var environmentScope = regexp.MustCompile(`^[A-Za-z0-9 _/${}.*-]+$`)

// environmentScopes checks that the store's names of environments can be the
// scopes of a project's or group's variables.
func (r *reader) environmentScopes(t *Target, names cue.Value) {
	if t.Instance {
		return // it has none
	}
	for _, environment := range t.Only {
		scope, where := t.Names[environment], span{at: r.policy.Environment(environment).Position}
		if written := field(names, environment); written.Exists() {
			where = valueSpan(written)
		} else if !environmentName.MatchString(scope) {
			continue // told already
		}
		switch {
		case !environmentScope.MatchString(scope):
			r.add(where, "use letters, digits, spaces and - _ / $ { } . with * for any run of them", "%q cannot be an environment scope at GitLab", scope)
		case strings.TrimSpace(scope) != scope:
			r.add(where, "", "the environment scope %q begins or ends with a space", scope)
		case len(scope) > maxScope:
			r.add(where, "", "an environment scope of %d characters is longer than the %d that GitLab takes", len(scope), maxScope)
		}
	}
}
