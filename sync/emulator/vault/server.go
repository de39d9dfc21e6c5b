package vault

import (
	"net/http"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Options set up a Server. The zero value is an emulator in real time, without
// latency and without a quota.
type Options struct {
	Clock   *Clock        // the time that the emulator tells; nil: a Clock of its own
	Latency time.Duration // how long each request waits before it is processed
	Quota   Quota         // of all clients together
}

// A Server is the emulator. It is safe for concurrent use; requests are
// processed one at a time. The methods of Namespace are those of its root
// namespace.
type Server struct {
	*harness.Harness
	*Namespace

	mu       sync.Mutex
	spaces   map[string]*Namespace // by path, "team/web"; the root is ""
	tokens   map[string]*token     // by value
	order    []*token              // as they were made
	state    State
	active   string // the active server's address, where this one stands by
	quota    Quota
	window   int64 // the interval that observed counts, since 1970
	observed int   // requests in it
	warnings []string
}

// New returns an emulator in which there is nothing yet.
func New(options Options) *Server {
	s := &Server{
		Harness: harness.New(options.Clock, options.Latency, prefix),
		spaces:  map[string]*Namespace{},
		tokens:  map[string]*token{},
		quota:   options.Quota,
	}
	s.Namespace = newNamespace(s, "")
	s.spaces[""] = s.Namespace
	return s
}

// prefix is the version of the API, which every path begins with.
const prefix = "/v1"

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, s.process) }

// SetWarnings has every result come with warnings.
func (s *Server) SetWarnings(warnings ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warnings = warnings
}
