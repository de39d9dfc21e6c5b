package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/policy/report"
)

// A session is a policy that was loaded, and the tree that it was loaded from.
type session struct {
	policy   *policy.Policy
	mistakes []finding.Finding // with any, there is no policy to work with
	files    fs.FS             // the repository; on a pull request, at the base revision
	root     string
	now      time.Time
}

// load reads the policy from a tree.
func (c *Command) load(ctx context.Context, flags policyFlags, tree tree) (*session, error) {
	paths, err := c.rooted(tree.root, flags.paths)
	if err != nil {
		return nil, err
	}
	done := policy.Watch(policy.DefaultLimits(), func(err error) {
		c.Exit(c.fail(ctx, refuse(exitUsage, "look for a definition that grows without end, or contains itself", "%w", err)))
	})
	defer done()
	p, mistakes, err := policy.Load(ctx, policy.Options{FS: tree.files, Paths: paths})
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err, hint: cmp.Or(hintOf(err), loadHint(err))}
	}
	s := &session{policy: p, mistakes: mistakes, files: tree.files, root: tree.root, now: time.Now()}
	if p != nil {
		for i := range p.Targets {
			p.Targets[i].DefaultURL = c.Getenv("CI_API_V4_URL")
		}
		_, collisions := p.Placements()
		s.mistakes = append(s.mistakes, collisions...)
	}
	return s, nil
}

// loadHint says what to do where no policy could be read.
func loadHint(err error) string {
	switch {
	case errors.Is(err, policy.ErrNoPolicy):
		return "write one at the repository's root, or name it with --policy PATH"
	case errors.Is(err, policy.ErrOutside):
		return "a policy, and all that it imports, lives in the repository"
	}
	return ""
}

// rooted gives the paths of --policy, which are relative to the working
// directory, relative to the repository's root.
func (c *Command) rooted(root string, paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		rel, err := filepath.Rel(root, c.path(p))
		if err != nil || !filepath.IsLocal(rel) {
			return nil, refuse(exitUsage, "a policy lives in the repository that it is about: run keyplumb there", "the policy %s is outside the repository", p)
		}
		out = append(out, filepath.ToSlash(rel))
	}
	return out, nil
}

// invalid reports the mistakes of a policy.
func (c *Command) invalid(name string, flags *reportFlags, s *session) (int, error) {
	return c.finish(flags, report.Report{Command: name, ExitCode: exitUsage, Policy: s.policyFile(), Findings: s.mistakes}, quoting(s.files, policyFiles(s), nil))
}

// policyFiles are the files that may be quoted: the policy's, or where it
// could not be understood, those that its mistakes are in.
func policyFiles(s *session) []string {
	if s.policy != nil {
		return s.policy.Files
	}
	var files []string
	for _, f := range s.mistakes {
		if strings.HasSuffix(f.Position.File, ".cue") && !slices.Contains(files, f.Position.File) {
			files = append(files, f.Position.File)
		}
	}
	return files
}

// policyFile is where a finding that is at no place of its own is shown.
func (s *session) policyFile() string {
	if files := policyFiles(s); len(files) > 0 {
		return files[0]
	}
	return ""
}

// lint runs the rules on the policy itself, and judges what they find.
func (s *session) lint(selection policy.Selection) []finding.Finding {
	found := s.policy.Judge(s.policy.Check(policy.Context{FS: s.files, Now: s.now}), s.now)
	return slices.DeleteFunc(found, func(f finding.Finding) bool { return !concerns(selection, f) })
}

// concerns tells whether a finding is about something selected: one that names
// no environment is about all of them.
func concerns(selection policy.Selection, f finding.Finding) bool {
	about := func(list []string, name string) bool {
		return len(list) == 0 || name == "" || slices.Contains(list, name)
	}
	return about(selection.Environments, f.Environment) && about(selection.Targets, f.Target) && about(selection.Secrets, f.Secret)
}

// selected checks that the policy has what was selected.
func (s *session) selected(selection policy.Selection) error {
	if err := selection.Validate(s.policy); err != nil {
		e, _ := errors.AsType[*policy.NameError](err)
		return &exitError{code: exitUsage, err: err, hint: e.Help}
	}
	return nil
}
