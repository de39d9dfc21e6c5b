package kubernetes_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// terminal gives both ends of one.
func terminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("LEFT OUT: this machine has no terminals: %v", err)
	}
	t.Cleanup(func() { _ = ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = theirs.Close() })
	return ours, theirs
}

// TestPluginAsks: who sits before a terminal is asked, and sees the question; a
// plugin that never asks has nothing to say even there.
func TestPluginAsks(t *testing.T) {
	for mode, asks := range map[string]bool{"IfAvailable": true, "Always": true, "Never": false} {
		s := newSecured(t)
		p := newProgram(t, credential(`{"token":"`+s.token+`"}`))
		if asks {
			p = newProgram(t, credential(`{"token":"%s"}`))
			p.env["ENDS"] = "asked"
		}
		p.more = "interactiveMode: " + mode
		ours, theirs := terminal(t)
		var seen bytes.Buffer
		k := s.kubeconfig(t, p.user(t))
		k.Terminal, k.Stderr = theirs, &seen
		if _, err := fmt.Fprintln(ours, s.token); err != nil {
			t.Fatal(err)
		}
		wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "value"}.check(t, open(t, kubernetes.Options{Cluster: clusterOf(t, k)}))
		if told := strings.Contains(seen.String(), "which token?"); told != asks || (seen.Len() > 0) != asks {
			t.Errorf("%s: it says %q", mode, seen.String())
		}
		if runs := p.runs(t); len(runs) != 1 || strings.Contains(runs[0], `"interactive":true`) != asks {
			t.Errorf("%s: %q", mode, runs)
		}
	}
}
