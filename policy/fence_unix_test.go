//go:build unix

package policy

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// TestNamedPipe finds that a policy that is no file is not waited for.
func TestNamedPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(dir+"/keyplumb.cue", 0o600); err != nil {
		t.Skip("no named pipes here")
	}
	_, _, err := Load(t.Context(), Options{FS: os.DirFS(dir)})
	if err == nil || errors.Is(err, ErrNoPolicy) {
		t.Errorf("error %v", err)
	}
}
