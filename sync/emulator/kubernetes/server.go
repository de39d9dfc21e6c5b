package kubernetes

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Options set up a Server. The zero value is an emulator in real time, without
// latency.
type Options struct {
	Clock   *Clock        // the time that the emulator tells; nil: a Clock of its own
	Latency time.Duration // how long each request waits before it is processed
}

// A Server is the emulator. It is safe for concurrent use; requests are
// processed one at a time.
type Server struct {
	*harness.Harness

	mu       sync.Mutex
	secrets  map[string]*secret // by namespace/name
	tokens   map[string]*token
	issuers  []Issuer
	grants   []grant
	version  int // the last resourceVersion
	warnings []string
}

// New returns an emulator in which there is nothing yet.
func New(options Options) *Server {
	return &Server{Harness: harness.New(options.Clock, options.Latency, ""), secrets: map[string]*secret{}, tokens: map[string]*token{}}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, s.process) }

// SetWarnings has every answer come with warnings.
func (s *Server) SetWarnings(warnings ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings = warnings
}

// A call is one request, with what is known of it so far.
type call struct {
	server  *Server
	request *http.Request
	now     time.Time
	user    User
}

// process answers a request that no fault is for.
func (s *Server) process(x *harness.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{server: s, request: x.Request, now: s.Clock().Now()}
	x.Header().Set("Date", c.now.Format(http.TimeFormat))
	x.Header().Set("Audit-Id", newID())
	x.Header().Set("Cache-Control", "no-cache, private")
	for _, warning := range s.warnings {
		x.Header().Add("Warning", fmt.Sprintf("299 - %q", warning))
	}
	answer, failed := c.run()
	if failed != nil {
		maps.Copy(x.Header(), failed.header)
		x.WriteHeader(failed.code)
		failed.write(x.Answer)
		return
	}
	x.JSON("application/json", answer)
}

// run takes the steps of a request in the API server's order: who, whether, what.
func (c *call) run() (any, *failure) {
	for _, step := range []func() *failure{c.authenticate, c.impersonate} {
		if failed := step(); failed != nil {
			return nil, failed
		}
	}
	at, known := route(c.request.URL.Path)
	if !known {
		return nil, c.outside()
	}
	if failed := c.authorize(at); failed != nil {
		return nil, failed
	}
	form, failed := c.negotiate()
	if failed != nil {
		return nil, failed
	}
	if at.name == "" {
		return c.list(at, form), nil
	}
	held := c.server.secrets[at.namespace+"/"+at.name]
	if held == nil {
		return nil, notFound(at)
	}
	return form.one(held), nil
}
