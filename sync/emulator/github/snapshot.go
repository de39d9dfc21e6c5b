package github

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A SnapshotOption leaves something out of a Snapshot.
type SnapshotOption func(*snapshot)

// WithoutVariables leaves out variables whose name begins with prefix.
func WithoutVariables(prefix string) SnapshotOption {
	return func(s *snapshot) { s.prefixes = append(s.prefixes, strings.ToUpper(prefix)) }
}

type snapshot struct {
	prefixes []string
	lines    []string
	server   *Server
}

// Snapshot dumps what the emulator holds, one item a line, sorted: names,
// opened values, visibility and selected repositories of secrets and
// variables, and the protection of environments. Times, ids and keys are left
// out, so two emulators with the same contents have equal snapshots.
func (s *Server) Snapshot(options ...SnapshotOption) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	dump := &snapshot{server: s}
	for _, option := range options {
		option(dump)
	}
	for _, account := range s.accounts {
		dump.account(account)
	}
	for _, repo := range s.repositories {
		dump.repository(repo)
	}
	slices.Sort(dump.lines)
	return strings.Join(dump.lines, "\n") + "\n"
}

func (d *snapshot) account(a *account) {
	for app, secrets := range a.secrets {
		d.items(strings.ToLower(a.kind())+" "+a.login, app+" secret", secrets)
	}
	if a.variables != nil {
		d.items("organization "+a.login, "variable", a.variables)
	}
}

func (d *snapshot) repository(r *repository) {
	where := "repository " + r.fullName()
	for app, secrets := range r.secrets {
		d.items(where, app+" secret", secrets)
	}
	d.items(where, "variable", r.variables)
	for _, env := range r.environments {
		d.environment(where, env)
	}
}

func (d *snapshot) environment(where string, env *environment) {
	where += " environment " + env.name
	p := env.protection
	branches := "any"
	if p.BranchPolicy != nil {
		branches = fmt.Sprintf("%+v", *p.BranchPolicy)
	}
	d.lines = append(d.lines, fmt.Sprintf("%s: wait=%d self-review=%t reviewers=%v branches=%s", where, p.WaitTimer, !p.PreventSelfReview, p.Reviewers, branches))
	d.items(where, "secret", env.secrets)
	d.items(where, "variable", env.variables)
}

func (d *snapshot) items(where, kind string, s *store) {
	for _, each := range s.items {
		if s.noun == "Variable" && d.leavesOut(each.name) {
			continue
		}
		line := fmt.Sprintf("%s %s %s = %q", where, kind, each.name, each.value)
		if each.visibility != "" {
			line += " " + each.visibility
		}
		for _, id := range slices.Sorted(maps.Keys(each.selected)) {
			if repo := d.server.repositories[id]; repo != nil {
				line += " " + repo.fullName()
			}
		}
		d.lines = append(d.lines, line)
	}
}

func (d *snapshot) leavesOut(name string) bool {
	return slices.ContainsFunc(d.prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
