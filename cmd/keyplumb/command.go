package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// A Command is keyplumb, as it is run: all that it takes from its process.
type Command struct {
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	Environ []string // NAME=value
	Dir     string   // the working directory

	// Clock tells the time that GitLab's job log is stamped with; nil is
	// time.Now.
	Clock func() time.Time

	// Exit ends the process where nothing else can: evaluating CUE cannot be
	// cancelled.
	Exit func(code int)
}

// Main runs keyplumb and gives its exit code.
func (c *Command) Main(ctx context.Context, args []string) (code int) {
	c.Stderr = &lockedWriter{w: c.Stderr}
	defer func() {
		if r := recover(); r != nil {
			code = c.crashed()
		}
	}()
	root, understood := c.root(&code), false
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		if _, told := errors.AsType[*exitError](err); !told && !understood {
			err = &exitError{code: exitUsage, err: err}
		}
		return c.fail(ctx, err)
	}
	return code
}

// root makes the command line.
func (c *Command) root(code *int) *cobra.Command {
	root := &cobra.Command{
		Use:   "keyplumb",
		Short: "Check, sync and watch the secrets of CI against a policy",
		Long: "keyplumb lints a CUE policy on CI secrets, carries the secrets from their sources to CI,\n" +
			"and fails the build on drift and on keys that dev and prod share.\n\n" + exitCodeTable(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          oneOfCommands,
		Version:       versionText(),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(c.Stdin)
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usageError(cmd, err) })
	root.SuggestionsMinimumDistance = 2 // the default comes too late for oneOfCommands
	root.SetVersionTemplate("{{.Version}}\n")
	root.InitDefaultCompletionCmd("completion")
	for _, completion := range root.Commands() {
		completion.Args, completion.RunE = oneOfCommands, root.RunE
	}
	root.AddCommand(c.checkCommand(code), c.planCommand(code), c.syncCommand(code), c.driftCommand(code),
		c.demoCommand(code), c.keygenCommand(), c.schemaCommand(), c.versionCommand(), c.actionCommand(code))
	return root
}

// Getenv gives an environment variable; the last one counts, as for a process.
func (c *Command) Getenv(name string) string {
	value := ""
	for _, pair := range c.Environ {
		if rest, ok := strings.CutPrefix(pair, name+"="); ok {
			value = rest
		}
	}
	return value
}

// fail prints what went wrong, a line for each error, with what to do next.
func (c *Command) fail(ctx context.Context, err error) int {
	if errors.Is(ctx.Err(), context.Canceled) {
		fmt.Fprintln(c.Stderr, "error: interrupted")
		fmt.Fprintln(c.Stderr, "hint: run the same command again: it picks up where this one stopped")
		return exitInterrupted
	}
	for _, one := range flatten(err) {
		fmt.Fprintf(c.Stderr, "error: %s\n", plain(one.Error()))
		if hint := hintOf(one); hint != "" {
			fmt.Fprintf(c.Stderr, "hint: %s\n", plain(hint))
		}
	}
	return codeOf(err)
}

// crashed reports a panic by the functions that it went through. What it
// panicked with is not shown: that may hold anything.
func (c *Command) crashed() int {
	fmt.Fprintln(c.Stderr, "error: internal error: keyplumb has a defect; nothing more was done")
	fmt.Fprintln(c.Stderr, "hint: please report it, with the lines that follow; they hold no values")
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		frame, more := frames.Next()
		fmt.Fprintf(c.Stderr, "  %s:%d\n", frame.Function, frame.Line)
		if !more {
			return exitFailed
		}
	}
}

// interruptible gives a context that ends at the first interrupt. A second one
// ends the process, by exit.
func interruptible(parent context.Context, exit func(code int)) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		exit(exitInterrupted)
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

// lockedWriter lets progress and errors share standard error.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
