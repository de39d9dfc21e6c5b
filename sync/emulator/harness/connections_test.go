package harness_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// TestConnections: what a client left on its way has been served when its
// connections have ended; a connection of before does not count.
func TestConnections(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		time.Sleep(20 * time.Millisecond)
		served.Add(1)
	}))
	var connections harness.Connections
	connections.Watch(server.Config)
	server.Start()
	defer server.Close()
	address := server.Listener.Addr().String()
	dial := func() net.Conn {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	before, err := server.Client().Do(req) // and the connection stays open
	if err != nil {
		t.Fatal(err)
	}
	if err := before.Body.Close(); err != nil {
		t.Fatal(err)
	}
	served.Store(0)

	ended := connections.Since()
	const left = 8
	for range left {
		conn := dial()
		if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := ended(t.Context(), address); err != nil || served.Load() != left {
		t.Errorf("%v; %d requests were served, want %d", err, served.Load(), left)
	}

	ended = connections.Since()
	open := dial()
	defer open.Close() //nolint:errcheck // it says nothing
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := ended(ctx, address); err == nil {
		t.Error("a connection that is open has ended")
	}
}
