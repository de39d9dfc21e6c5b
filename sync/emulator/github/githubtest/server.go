package githubtest

import (
	"net/http/httptest"
	"testing"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// A Server is an emulator that listens, with every exchange checked.
type Server struct {
	*github.Server
	URL         string // of the API, without a slash at its end
	Connections *harness.Connections
}

// Start runs an emulator on loopback until the test ends. What GitHub's
// description does not allow fails the test.
func Start(t testing.TB, options github.Options) *Server {
	t.Helper()
	emulator := github.New(options)
	connections := &harness.Connections{}
	listening := httptest.NewUnstartedServer(Validate(t, emulator))
	connections.Watch(listening.Config)
	listening.Start()
	t.Cleanup(func() {
		listening.CloseClientConnections() // ends requests that hang
		listening.Close()
	})
	return &Server{Server: emulator, URL: listening.URL, Connections: connections}
}
