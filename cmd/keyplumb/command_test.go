package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// panicWriter panics with what may never be shown.
type panicWriter string

func (p panicWriter) Write([]byte) (int, error) { panic(string(p)) }

// TestPanicShowsNothing makes a command panic with a value in hand.
func TestPanicShowsNothing(t *testing.T) {
	value := "value-" + strings.Repeat("x1", 20)
	var stderr bytes.Buffer
	c := &Command{Stdin: strings.NewReader(""), Stdout: panicWriter(value), Stderr: &stderr, Dir: t.TempDir()}
	if code := c.Main(t.Context(), []string{"version"}); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	if strings.Contains(stderr.String(), value) {
		t.Errorf("the panic's value is shown:\n%s", stderr.String())
	}
	for _, want := range []string{"error: internal error", "hint: please report it", "keyplumb.panicWriter.Write:"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("there is no %q in:\n%s", want, stderr.String())
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "keyplumb.cue"), []byte("package keyplumb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	c := &Command{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Dir: dir}
	if code := c.Main(ctx, []string{"check"}); code != exitInterrupted {
		t.Errorf("exit code %d, want %d: %s", code, exitInterrupted, stderr.String())
	}
	if !strings.Contains(stderr.String(), "error: interrupted\n") || stdout.Len() > 0 {
		t.Errorf("%q, %q", stdout.String(), stderr.String())
	}
}

// TestSignals sends them to a process that waits for its work to end: the
// first ends the context, the second the process.
func TestSignals(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_STUBBORN") != "" {
		ctx, stop := interruptible(context.Background(), os.Exit)
		defer stop()
		os.Stdout.WriteString("ready\n") //nolint:errcheck,forbidigo // this is the process under test
		<-ctx.Done()
		os.Stdout.WriteString("told\n") //nolint:errcheck,forbidigo // this is the process under test
		time.Sleep(time.Minute)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSignals$") //nolint:gosec,forbidigo // this test, once more
	cmd.Env = append(os.Environ(), "KEYPLUMB_TEST_STUBBORN=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	for _, want := range []string{"ready\n", "told\n"} {
		n, err := out.Read(line)
		if err != nil || string(line[:n]) != want {
			t.Fatalf("%q, %v; want %q", line[:n], err, want)
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := out.Read(line); err == nil {
		t.Errorf("%q", line)
	}
	_ = cmd.Wait() // its status is looked at
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
}

// TestRunawayPolicy has the process ended by the watchdog, in words.
func TestRunawayPolicy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	deep := "package keyplumb\n" + strings.Repeat("a:", 200_000) + "1\n"
	if err := os.WriteFile(filepath.Join(dir, "keyplumb.cue"), []byte(deep), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "keyplumb", "check")
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != exitUsage {
		t.Errorf("%v, want exit code %d", err, exitUsage)
	}
	for _, want := range []string{"error: the policy cannot be evaluated: ", "hint: look for a definition that grows without end"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("there is no %q in:\n%.500s", want, out)
		}
	}
}
