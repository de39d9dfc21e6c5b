package github

import (
	"net/http"
	"sync"
	"time"
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
	clock     *Clock
	latency   time.Duration
	rateLimit int
	routes    *http.ServeMux

	mu           sync.Mutex
	lastID       int64
	accounts     map[string]*account    // by lower-case login
	repositories map[int64]*repository  // by id
	formerNames  map[string]int64       // lower-case former full name → id
	tokens       map[string]*token      // by bearer
	applications map[int64]*application // by id
	requests     []Request
	faults       []*Fault
	after        func(n int, method, path string)
}

// New returns an emulator in which there is nothing yet.
func New(options Options) *Server {
	s := &Server{
		clock: options.Clock, latency: options.Latency, rateLimit: options.RateLimit,
		lastID:       1296268, // the documentation's first repository is the next
		accounts:     map[string]*account{},
		repositories: map[int64]*repository{},
		formerNames:  map[string]int64{},
		tokens:       map[string]*token{},
		applications: map[int64]*application{},
	}
	if s.clock == nil {
		s.clock = &Clock{}
	}
	if s.rateLimit == 0 {
		s.rateLimit = 5000
	}
	s.routes = s.router()
	return s
}

// Clock returns the clock that the emulator tells the time by.
func (s *Server) Clock() *Clock { return s.clock }

// After has hook called after each request: when it has been processed and
// logged, and before its answer goes out. n counts requests from 1. A test of
// crashes ends the client there; the hook may call the Server's methods.
func (s *Server) After(hook func(n int, method, path string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = hook
}

// nextID hands out the ids of everything that has one.
func (s *Server) nextID() int64 {
	s.lastID++
	return s.lastID
}
