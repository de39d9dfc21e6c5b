package kubernetes

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestRenewed: what is about to end is replaced before it is shown, what is not
// is kept.
func TestRenewed(t *testing.T) {
	var given []*session
	ends := []time.Duration{0, time.Hour, soon / 2, 24 * time.Hour}
	c := &Cluster{login: func(context.Context) (*session, error) {
		got := &session{token: secret.New([]byte("token"))}
		if end := ends[len(given)]; end != 0 {
			got.expires = time.Now().Add(end)
		}
		given = append(given, got)
		return got, nil
	}}
	enter := func(want int) {
		t.Helper()
		if got, err := c.enter(t.Context()); err != nil || len(given) != want || got != given[want-1] {
			t.Errorf("%v, after %d logins, want %d", err, len(given), want)
		}
	}
	enter(1)
	enter(1)
	c.session = nil
	enter(2)
	enter(2)
	c.session = nil
	enter(3)
	enter(4)
	enter(4)
}

// TestPluginIsNotWaitedFor: one that does not end is ended.
func TestPluginIsNotWaitedFor(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &execPlugin{limit: 50 * time.Millisecond, environ: []string{"AS_PLUGIN=" + filepath.Join(t.TempDir(), "notes"), "ENDS=never"},
		ExecConfig: &api.ExecConfig{APIVersion: "client.authentication.k8s.io/v1", Command: self, InteractiveMode: api.NeverExecInteractiveMode}}
	if _, err := p.run(t.Context()); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(err.Error(), "no credential in 50ms") {
		t.Errorf("%v", err)
	}
}
