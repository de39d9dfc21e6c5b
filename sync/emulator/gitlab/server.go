package gitlab

import (
	"net/http"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Options set up a Server. The zero value is an emulator of a self-managed
// GitLab with a licence, in real time, without latency and without a rate
// limit.
type Options struct {
	Clock     *Clock        // the time that the emulator tells; nil: a Clock of its own
	Latency   time.Duration // how long each request waits before it is processed
	RateLimit int           // requests that a user has a minute, 2,000 on GitLab.com; 0: no limit
	Free      bool          // the Free tier: environment scopes of group variables are ignored
	// Before169 is a version before 16.9, which knows no filter for group
	// variables and takes the first one of a name.
	Before169 bool
}

// A Server is the emulator. It is safe for concurrent use; requests are
// processed one at a time.
type Server struct {
	*harness.Harness
	rateLimit     int
	free          bool
	noGroupFilter bool
	routes        *http.ServeMux

	mu       sync.Mutex
	lastID   int64
	groups   map[int64]*group
	projects map[int64]*project
	former   map[string]int64  // lower-case former full path of a project → id
	tokens   map[string]*token // by value
	instance *store
}

// New returns an emulator in which there is nothing yet.
func New(options Options) *Server {
	s := &Server{
		Harness:   harness.New(options.Clock, options.Latency, prefix),
		rateLimit: options.RateLimit, free: options.Free, noGroupFilter: options.Before169,
		groups:   map[int64]*group{},
		projects: map[int64]*project{},
		former:   map[string]int64{},
		tokens:   map[string]*token{},
		instance: newStore(instanceLevel),
	}
	s.routes = s.router()
	return s
}

// prefix is the version of the API, which every path begins with.
const prefix = "/api/v4"

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, s.process) }

// nextID hands out the ids of everything that has one.
func (s *Server) nextID() int64 {
	s.lastID++
	return s.lastID
}
