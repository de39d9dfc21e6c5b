package gitlab

import (
	"fmt"
	"slices"
	"strings"
)

// A SnapshotOption leaves something out of a Snapshot.
type SnapshotOption func(*snapshot)

// WithoutDescriptions leaves out the variables' descriptions.
func WithoutDescriptions() SnapshotOption {
	return func(s *snapshot) { s.terse = true }
}

type snapshot struct {
	terse bool
	lines []string
}

// Snapshot dumps what the emulator holds, one variable a line, sorted: where
// it is, its key, scope and value (of hidden ones, too), what is set of masked,
// hidden, protected, raw and file, and its description. Ids and the order of
// listings are left out, so two emulators with the same contents have equal
// snapshots.
func (s *Server) Snapshot(options ...SnapshotOption) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	dump := &snapshot{}
	for _, option := range options {
		option(dump)
	}
	dump.variables(InInstance(), s.instance)
	for _, each := range s.groups {
		dump.variables(InGroup(each.fullPath()), each.variables)
	}
	for _, each := range s.projects {
		dump.variables(InProject(each.fullPath()), each.variables)
	}
	slices.Sort(dump.lines)
	return strings.Join(dump.lines, "\n") + "\n"
}

func (d *snapshot) variables(where Place, s *store) {
	for _, v := range s.variables {
		line := fmt.Sprintf("%s %s for %s = %q", where, v.key, v.scope, v.value)
		for _, attribute := range []struct {
			name string
			set  bool
		}{{"masked", v.masked}, {"hidden", v.hidden}, {"protected", v.protected}, {"raw", v.raw}, {"file", v.file}} {
			if attribute.set {
				line += " " + attribute.name
			}
		}
		if v.description != nil && !d.terse {
			line += fmt.Sprintf(" %q", *v.description)
		}
		d.lines = append(d.lines, line)
	}
}
