package github

import (
	"net/http"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Options set up a Server. The zero value is an emulator in real time, without
// latency, with GitHub's rate limit.
type Options struct {
	Clock     *Clock        // the time that the emulator tells; nil: a Clock of its own
	Latency   time.Duration // how long each request waits before it is processed
	RateLimit int           // requests that a token has an hour; 0: 5,000
}

// A Server is the emulator. It is safe for concurrent use; requests are
// processed one at a time.
type Server struct {
	*harness.Harness
	rateLimit int
	routes    *http.ServeMux

	mu           sync.Mutex
	lastID       int64
	accounts     map[string]*account    // by lower-case login
	repositories map[int64]*repository  // by id
	formerNames  map[string]int64       // lower-case former full name → id
	tokens       map[string]*token      // by bearer
	applications map[int64]*application // by id
}

// New returns an emulator in which there is nothing yet.
func New(options Options) *Server {
	s := &Server{
		Harness:      harness.New(options.Clock, options.Latency, enterprise),
		rateLimit:    options.RateLimit,
		lastID:       1296268, // the documentation's first repository is the next
		accounts:     map[string]*account{},
		repositories: map[int64]*repository{},
		formerNames:  map[string]int64{},
		tokens:       map[string]*token{},
		applications: map[int64]*application{},
	}
	if s.rateLimit == 0 {
		s.rateLimit = 5000
	}
	s.routes = s.router()
	return s
}

// enterprise is where GitHub Enterprise Server has the API; github.com has it
// at a host of its own.
const enterprise = "/api/v3"

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, s.process) }

// nextID hands out the ids of everything that has one.
func (s *Server) nextID() int64 {
	s.lastID++
	return s.lastID
}
