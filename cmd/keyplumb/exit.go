package main

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/keyplumb/keyplumb/sync/store"
)

// The exit codes.
const (
	exitOK          = 0
	exitFindings    = 1
	exitUsage       = 2
	exitFailed      = 3
	exitPartial     = 4
	exitInterrupted = 130
)

// exitCodes is the one table of what they mean: for --help and the docs.
func exitCodes() []struct {
	Code    int
	Meaning string
} {
	return []struct {
		Code    int
		Meaning string
	}{
		{exitOK, "in order"},
		{exitFindings, "findings at or above --fail-on, drift included"},
		{exitUsage, "wrong usage, or an invalid policy"},
		{exitFailed, "could not run, nothing written: network, authentication, a refusal, an unreadable source or ledger, a stale plan, a guard"},
		{exitPartial, "stopped part-way, safe to run again"},
		{exitInterrupted, "interrupted"},
	}
}

func exitCodeTable() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, e := range exitCodes() {
		fmt.Fprintf(&b, "  %-4d %s\n", e.Code, e.Meaning)
	}
	return b.String()
}

// An exitError is an error that knows its exit code and what to do about it.
type exitError struct {
	code int
	err  error
	hint string
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// refuse makes an error with an exit code and a hint.
func refuse(code int, hint, format string, args ...any) error {
	return &exitError{code: code, err: fmt.Errorf(format, args...), hint: hint}
}

// codeOf gives an error's exit code.
func codeOf(err error) int {
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	return exitFailed
}

// flatten gives the single errors that are joined in one.
func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && strings.Contains(err.Error(), "\n") {
		var out []error
		for _, one := range joined.Unwrap() {
			out = append(out, flatten(one)...)
		}
		return out
	}
	if e, ok := err.(*exitError); ok && e.hint == "" { //nolint:errorlint // one further down has text around it that must be kept
		return flatten(e.err)
	}
	return []error{err}
}

// hintOf gives what to do next, as far as the error knows.
func hintOf(err error) string {
	for at := err; ; {
		e, ok := errors.AsType[*exitError](at)
		if !ok {
			break
		}
		if e.hint != "" {
			return e.hint
		}
		at = e.err
	}
	if h, ok := errors.AsType[interface {
		error
		Hint() string
	}](err); ok {
		return h.Hint()
	}
	return store.Hint(err)
}

// plain makes an error's text fit for a terminal: names in it may come from
// anywhere.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return '�'
		}
		return r
	}, text)
}
