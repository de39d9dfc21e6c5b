package gcp

import (
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

	mu        sync.Mutex
	secrets   map[string]*secret // by their name, "projects/acme/secrets/api"
	grants    []grant
	tokens    map[string]*token
	providers map[string]Provider // of workload identity pools, by their name
	accounts  map[string]*account // service accounts, by their email
	users     map[string]string   // whose refresh tokens are valid
	machine   string              // whose token the metadata server gives; "": there is none
}

// New returns an emulator in which there is nothing yet.
func New(options Options) *Server {
	return &Server{
		Harness: harness.New(options.Clock, options.Latency, ""),
		secrets: map[string]*secret{}, tokens: map[string]*token{}, providers: map[string]Provider{},
		accounts: map[string]*account{}, users: map[string]string{},
	}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, s.process) }

// process answers a request that no fault is for.
func (s *Server) process(x *harness.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x.Header().Set("Date", s.Clock().Now().Format(http.TimeFormat))
	answer, err := s.route(x)
	if err != nil {
		write(x.Answer, err)
		return
	}
	x.JSON("application/json; charset=UTF-8", answer)
}
