package main

import (
	"os"
	"testing"
)

// The documents that the code has a say in are written by the tests that also
// check them.
//
//go:generate env KEYPLUMB_UPDATE=1 go test -count 1 -run "^(TestRuleIndex|TestReadme|TestGitLabPage|TestCommandPages)$" .

// golden compares a document with what it should be, or writes it where
// `go generate` asks for that.
func golden(t *testing.T, file, want string) {
	t.Helper()
	if os.Getenv("KEYPLUMB_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil { //nolint:gosec // a document is for everyone to read
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date: run go generate ./...", file)
	}
}
