package main

import (
	"flag"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be keyplumb, as a program of its own: for
// scripts, and for tests that kill it.
func TestMain(m *testing.M) {
	// Many of the tests wait: for processes, and for what is tried again.
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"keyplumb": main})
}
