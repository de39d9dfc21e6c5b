package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be keyplumb, as a program of its own: for
// scripts, and for tests that kill it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"keyplumb": main})
}
