package kubernetes

import (
	"context"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
)

// TestRenewed: what is about to end is replaced before it is shown, what is not
// is kept.
func TestRenewed(t *testing.T) {
	var given []*session
	ends := []time.Duration{0, time.Hour, soon / 2, 24 * time.Hour}
	s := &Source{cluster: &Cluster{login: func(context.Context) (*session, error) {
		got := &session{token: secret.New([]byte("token"))}
		if end := ends[len(given)]; end != 0 {
			got.expires = time.Now().Add(end)
		}
		given = append(given, got)
		return got, nil
	}}}
	enter := func(want int) {
		t.Helper()
		if got, err := s.enter(t.Context()); err != nil || len(given) != want || got != given[want-1] {
			t.Errorf("%v, after %d logins, want %d", err, len(given), want)
		}
	}
	enter(1)
	enter(1)
	s.session = nil
	enter(2)
	enter(2)
	s.session = nil
	enter(3)
	enter(4)
	enter(4)
}
