package gitlab

import (
	"os"
	"slices"
	"strings"
)

// A Job is what decides which variables a job of a pipeline gets.
type Job struct {
	Project     string // full path
	Environment string // of the job; "": it has none
	Protected   bool   // it runs for a protected branch or tag
}

// A JobVariable is a variable as a job's shell sees it.
type JobVariable struct {
	Value string // expanded, unless the variable is raw; of a file variable, the file's content
	File  bool   // the variable itself holds the file's path
	Place Place  // that it comes from
	Scope string // that it comes from
	Tied  bool   // another variable has the same claim, and GitLab does not say which wins
}

// JobVariable returns what a job sees of a key, by the rules of
// https://docs.gitlab.com/ci/variables/#cicd-variable-precedence: a project's
// variable goes before a group's, the nearest group's before an outer one's,
// and those before the instance's; in one place, the scope that is the
// environment's name goes before one with a wildcard, and that before "*".
// Protected variables are for protected branches and tags alone.
//
// Values expand as the runner does it: $NAME and ${NAME} to the variable, to
// nothing if there is none, and $$ to $.
func (s *Server) JobVariable(job Job, key string) (JobVariable, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	project := s.findProject(job.Project)
	if project == nil {
		return JobVariable{}, false
	}
	seen := s.visible(project, job)
	found, ok := seen[key]
	if !ok {
		return JobVariable{}, false
	}
	found.shown.Value = expand(found.variable, seen, nil)
	return found.shown, true
}

// A candidate is a variable that a job sees, before it is expanded.
type candidate struct {
	variable *variable
	shown    JobVariable
}

// visible collects the variables that the job sees, by key. What comes later
// goes before what came earlier.
func (s *Server) visible(p *project, job Job) map[string]candidate {
	seen := map[string]candidate{}
	collect(seen, InInstance(), s.instance, job)
	for _, each := range slices.Backward(p.group.chain()) {
		collect(seen, InGroup(each.fullPath()), each.variables, job)
	}
	collect(seen, InProject(p.fullPath()), p.variables, job)
	return seen
}

func collect(seen map[string]candidate, place Place, s *store, job Job) {
	claims := map[string]int{} // of this place's variables, by key
	for _, each := range s.sorted() {
		claim := claimOn(job.Environment, each.scope)
		if claim == 0 || each.protected && !job.Protected || claim < claims[each.key] {
			continue
		}
		seen[each.key] = candidate{each, JobVariable{
			File: each.file, Place: place, Scope: each.scope, Tied: claim == claims[each.key],
		}}
		claims[each.key] = claim
	}
}

// claimOn says how well a scope fits an environment, 0 if it does not.
func claimOn(environment, scope string) int {
	switch {
	case scope == "*":
		return 1
	case environment == "":
		return 0
	case scope == environment:
		return 3
	case matches(scope, environment):
		return 2
	}
	return 0
}

// matches tells whether a scope, in which * stands for any text, fits a name.
func matches(scope, name string) bool {
	parts := strings.Split(scope, "*")
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok || len(parts) == 1 {
		return ok && rest == ""
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		at := strings.Index(rest, part)
		if at < 0 {
			return false
		}
		rest = rest[at+len(part):]
	}
	return strings.HasSuffix(rest, parts[last])
}

// expand gives a variable's value as the job sees it. outer are the keys that
// are being expanded: one that leads back to itself expands to nothing.
func expand(v *variable, seen map[string]candidate, outer []string) string {
	if v.raw {
		return v.value
	}
	outer = append(slices.Clip(outer), v.key)
	return os.Expand(v.value, func(name string) string {
		found, ok := seen[name]
		switch {
		case name == "$":
			return "$"
		case !ok || slices.Contains(outer, name):
			return ""
		case found.variable.file:
			return filePath(name)
		}
		return expand(found.variable, seen, outer)
	})
}

// filePath is where a runner puts the content of a file variable.
func filePath(key string) string { return "/builds/project.tmp/" + key }
