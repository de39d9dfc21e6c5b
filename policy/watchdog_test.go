package policy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// runaways are policies that would take for ever, or all memory.
func runaways() map[string]string {
	const small = "\nenvironments: dev: tier: \"test\"\nsources: s: kind: \"env\"\ntargets: t: kind: \"dotenv\"\nsecrets: {}\n"
	return map[string]string{
		"depth": "package keyplumb\n" + strings.Repeat("a:", 200_000) + "1\n",
		"time": "package keyplumb\nimport \"list\"\n_r: list.Range(0, 3000, 1)\n" +
			"_x: [for a in _r for b in _r for c in _r if a+b+c < 0 {a}]\n" + small,
		"memory": "package keyplumb\nimport \"list\"\n_r: list.Range(0, 3000, 1)\n" +
			"_x: [for a in _r for b in _r {\"\\(a)-\\(b)\"}]\n" + small,
	}
}

// TestMain is the process that a runaway policy ends, when asked to be.
func TestMain(m *testing.M) {
	text, ok := os.LookupEnv("KEYPLUMB_TEST_RUNAWAY")
	if !ok {
		os.Exit(m.Run())
	}
	limits := Limits{Time: 5 * time.Minute, Memory: 1 << 40}
	switch text {
	case "time":
		limits.Time = 300 * time.Millisecond
	case "memory":
		limits.Memory = 64 << 20
	}
	done := Watch(limits, func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	})
	_, _, err := Load(context.Background(), Options{FS: fstest.MapFS{"keyplumb.cue": {Data: []byte(runaways()[text])}}})
	done()
	fmt.Fprintln(os.Stderr, "evaluated", err)
}

func TestWatchEndsRunaways(t *testing.T) {
	for limit, want := range map[string]string{
		"time":   "the policy cannot be evaluated: it takes longer than 300ms",
		"depth":  "the policy cannot be evaluated: it is nested too deeply",
		"memory": "the policy cannot be evaluated: it takes more than 64 MiB of memory",
	} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), "KEYPLUMB_TEST_RUNAWAY="+limit)
			child.Stderr = &stderr
			err := child.Run()
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok || exit.ExitCode() != 2 || strings.TrimSpace(stderr.String()) != want {
				t.Errorf("ended with %v and %q, want code 2 and %q", err, stderr.String(), want)
			}
		})
	}
}

func TestWatchLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := Watch(Limits{Time: time.Minute, Memory: 1 << 40}, func(err error) { t.Errorf("ended after all: %v", err) })
		time.Sleep(59 * time.Second)
		done()
		done()
		time.Sleep(time.Hour)
	})
}
