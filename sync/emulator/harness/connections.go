package harness

import (
	"context"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"
)

// Connections knows which connections to a server are open. A client that was
// killed may have left a request on its way: only when its connections have
// ended has the server done all that it was asked.
type Connections struct {
	mu   sync.Mutex
	open map[string]bool // by the client's end
	seen map[string]bool
}

// Watch has the connections of a server known. The server must not run yet.
func (c *Connections) Watch(server *http.Server) {
	c.open, c.seen = map[string]bool{}, map[string]bool{}
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch client := conn.RemoteAddr().String(); state {
		case http.StateNew:
			c.open[client], c.seen[client] = true, true
		case http.StateClosed, http.StateHijacked:
			delete(c.open, client)
		default: // in between nothing is gone
		}
	}
}

// Since gives a way to wait until no connection is open any more that was
// opened after this call. What waits to be accepted is waited for, too: the
// server takes connections in the order in which they come, and so it has taken
// them all once it has taken one of our own.
func (c *Connections) Since() func(ctx context.Context, address string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := maps.Clone(c.open)
	return func(ctx context.Context, address string) error {
		last, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		ours := last.LocalAddr().String()
		for !c.has(ours) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		if err := last.Close(); err != nil {
			return err
		}
		for c.others(before) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		return ctx.Err()
	}
}

func (c *Connections) has(client string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[client]
}

func (c *Connections) others(than map[string]bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for client := range c.open {
		if !than[client] {
			return true
		}
	}
	return false
}
