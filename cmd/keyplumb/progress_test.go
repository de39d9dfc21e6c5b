package main

import (
	"bytes"
	"testing"

	"github.com/keyplumb/keyplumb/sync/engine"
)

func TestRemaining(t *testing.T) {
	p := (&Command{Stderr: &bytes.Buffer{}}).newProgress()
	if got := p.remaining(66); got != "" {
		t.Errorf("before anything is written: %q", got)
	}
	p.event(engine.Event{Stage: "create", What: "x", Done: 110, Total: 250})
	if got := p.remaining(66); got != "; the 140 that are left take about 3 min" {
		t.Errorf("got %q", got)
	}
}

// In a pipe each placement that is written has a line, and the rest none.
func TestProgressInAPipe(t *testing.T) {
	var out bytes.Buffer
	p := (&Command{Stderr: &out}).newProgress()
	p.event(engine.Event{Stage: "read", What: "files"})
	p.event(engine.Event{Stage: "create", What: "api\x1b[2J X", Done: 1, Total: 2})
	if got := out.String(); got != "[1/2] create api�[2J X\n" {
		t.Errorf("got %q", got)
	}
}
