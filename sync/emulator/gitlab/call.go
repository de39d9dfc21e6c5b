package gitlab

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// A call is one request, with what is known of it so far.
type call struct {
	server  *Server
	request *http.Request
	body    []byte
	header  http.Header // the answer's
	base    string      // the API's URL, as the client calls it
	now     time.Time
	params  params
	token   *token // nil: anonymous
}

// A reply is a result: a status, and a body unless nil.
type reply struct {
	status int
	body   any
}

type handler func(*call) (reply, error)

type callKey struct{}

// process runs the request's route against the state. What is not below the
// API's prefix would be one of GitLab's pages, which are not emulated.
func (s *Server) process(x *harness.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{server: s, body: x.Body, header: x.Header(), base: x.Base, now: s.Clock().Now()}
	c.header.Set("Date", c.now.Format(http.TimeFormat))
	c.header.Set("X-Request-Id", rand.Text())
	if !strings.HasSuffix(x.Base, prefix) {
		write(x.Answer, reply{http.StatusNotFound, "404: Not Found"})
		return
	}
	ctx := context.WithValue(x.Request.Context(), callKey{}, c)
	s.routes.ServeHTTP(x.Answer, x.Request.WithContext(ctx))
}

// route wraps h as an http.Handler that checks, in GitLab's order, the rate
// limit, that the request is well formed, and the token. Who may do what is
// for h to check, which it does before it looks at any parameter.
func route(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(callKey{}).(*call)
		if !ok {
			panic("served without Server.ServeHTTP, which makes the call")
		}
		c.request = r
		result, err := c.run(h)
		if failed, ok := errors.AsType[*failure](err); ok {
			maps.Copy(c.header, failed.header)
			result = reply{failed.status, failed.body}
		}
		write(w, result)
	}
}

func (c *call) run(h handler) (reply, error) {
	for _, step := range []func() error{c.throttle, c.readParams, c.authenticate} {
		if err := step(); err != nil {
			return reply{}, err
		}
	}
	return h(c)
}

// write sends a reply: a string as text, anything else as JSON.
func write(w http.ResponseWriter, result reply) {
	switch body := result.body.(type) {
	case nil:
		w.WriteHeader(result.status)
	case string:
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(result.status)
		_, _ = w.Write([]byte(body)) // it goes to a buffer
	default:
		text, err := json.Marshal(body)
		if err != nil {
			panic(err) // the emulator's own structures marshal
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(result.status)
		_, _ = w.Write(text) // it goes to a buffer
	}
}
