package main

import (
	"bytes"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Bad input gets one clear error, or one finding a mistake, the exit code that
// is documented, a way out that is true, and nothing is written.

// A badInput is one thing that can be wrong.
type badInput struct {
	name    string
	prepare func(*stage)
	args    string // "sync" where empty
	alone   bool   // in a process of its own
	code    int
	errors  int // how many errors and findings of that weight; 1 where 0
	want    []string
	never   []string
}

// complaint is the first line of an error, or of a finding that is one.
var complaint = regexp.MustCompile(`(?m)^error(\[[a-z-]+\])?: `)

func tryBadInputs(t *testing.T, cases []badInput) {
	t.Helper()
	tryBadInputsOn(t, unsynced, cases)
}

func tryBadInputsOn(t *testing.T, on func(*testing.T) *stage, cases []badInput) {
	t.Helper()
	for _, bad := range cases {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			s := on(t)
			if bad.prepare != nil {
				bad.prepare(s)
			}
			bad.try(s)
		})
	}
}

// try runs the command and judges how it ended.
func (bad *badInput) try(s *stage) {
	s.t.Helper()
	s.github.ForgetRequests()
	if s.gitlab != nil {
		s.gitlab.ForgetRequests()
	}
	before := s.snapshot()
	args := strings.Fields(bad.args)
	if len(args) == 0 {
		args = []string{"sync"}
	}
	run := s.run
	if bad.alone {
		run = s.runAlone
	}
	code, stdout, stderr := run(args...)
	out := stdout + stderr
	s.t.Logf("keyplumb %s: %d\n%s", strings.Join(args, " "), code, out)
	if code != bad.code {
		s.t.Errorf("ended with %d, want %d", code, bad.code)
	}
	if got, want := len(complaint.FindAllString(out, -1)), max(1, bad.errors); got != want {
		s.t.Errorf("%d errors, want %d", got, want)
	}
	for _, text := range bad.want {
		if !strings.Contains(out, text) {
			s.t.Errorf("the output does not say %q", text)
		}
	}
	for _, text := range append(bad.never, "goroutine ", ".go:", "panic") {
		if strings.Contains(out, text) {
			s.t.Errorf("the output says %q", text)
		}
	}
	s.untouched(before)
}

// untouched holds the CI against what it was.
func (s *stage) untouched(before string) {
	s.t.Helper()
	for _, r := range s.github.Requests() {
		s.reads(r.Method, r.Path)
	}
	if s.gitlab != nil {
		for _, r := range s.gitlab.Requests() {
			s.reads(r.Method, r.Path)
		}
	}
	if after := s.snapshot(); after != before {
		s.t.Errorf("the CI holds\n%s\nand held\n%s", after, before)
	}
}

func (s *stage) reads(method, path string) {
	s.t.Helper()
	if method != "GET" && method != "HEAD" {
		s.t.Errorf("%s %s was sent", method, path)
	}
}

// snapshot is all that the stage's CI holds.
func (s *stage) snapshot() string {
	if s.gitlab != nil {
		return s.gitlab.Snapshot()
	}
	return s.github.Snapshot()
}

// runAlone runs a command in a process of its own.
func (s *stage) runAlone(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	cmd := s.process(s.t.Context(), args...)
	cmd.Env = s.environ
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if _, ended := errors.AsType[*exec.ExitError](err); !ended {
			s.t.Fatal(err)
		}
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// policy writes the stage's policy with one text in it replaced.
func (s *stage) policy(before, after string) {
	s.t.Helper()
	s.write("keyplumb.cue", swap(stagePolicy, before, after))
}

// change seals production's file again with one value changed.
func (s *stage) change(name, value string) {
	s.t.Helper()
	v := values("prod", "one")
	v[name] = value
	s.seal("prod", v)
}

// synced has a sync go before what is bad.
func synced(then func(*stage)) func(*stage) {
	return func(s *stage) {
		s.t.Helper()
		s.must(exitOK, "sync")
		s.github.Clock().Advance(time.Hour)
		then(s)
	}
}

func policyOf(before, after string) func(*stage) {
	return func(s *stage) { s.policy(before, after) }
}

func text(whole string) func(*stage) {
	return func(s *stage) { s.write("keyplumb.cue", whole) }
}

func env(name, value string) func(*stage) {
	return func(s *stage) { s.setenv(name, value) }
}
