package main

import (
	"fmt"
	"strings"
	"sync"

	"github.com/keyplumb/keyplumb/sync/engine"
)

// progress shows a run's steps on standard error: one line that is rewritten
// on a terminal; elsewhere a line for each placement that is written.
type progress struct {
	c        *Command
	terminal bool
	mu       sync.Mutex
	left     int // placements that are still to be written
}

func (c *Command) newProgress() *progress {
	return &progress{c: c, terminal: c.onTerminal()}
}

// event shows one step.
func (p *progress) event(e engine.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = max(e.Total-e.Done, 0)
	text := e.Stage + " " + plain(e.What)
	if e.Total > 0 {
		text = fmt.Sprintf("[%d/%d] %s", e.Done, e.Total, text)
	}
	switch {
	case p.terminal:
		fmt.Fprintf(p.c.Stderr, "\r\x1b[K%s", clip(text, 78))
	case e.Total > 0:
		fmt.Fprintln(p.c.Stderr, text)
	}
}

// clear takes the line off the terminal, before something else is printed.
func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.c.Stderr, "\r\x1b[K")
	}
}

// remaining says how long the rest takes at a pace.
func (p *progress) remaining(perMinute int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left == 0 {
		return ""
	}
	minutes := (p.left + perMinute - 1) / perMinute
	return fmt.Sprintf("; the %d that are left take about %d min", p.left, minutes)
}

func clip(text string, width int) string {
	runes := []rune(strings.ReplaceAll(text, "\n", " "))
	if len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return text
}

// onTerminal tells whether somebody watches standard error as it is written.
func (c *Command) onTerminal() bool {
	l, ok := c.Stderr.(*lockedWriter)
	return ok && isTerminal(l.w) && c.Getenv("CI") == "" && c.Getenv("TERM") != "dumb"
}

// say prints a line for people, beside the reports.
func (c *Command) say(text string) { fmt.Fprintln(c.Stderr, plain(text)) }
