package github

// A Request is a line of the emulator's log.
type Request struct {
	Method string
	Path   string // escaped, as sent, below /api/v3 if there is one
	Query  string // raw
	Status int    // 0 while it is being answered, and where no answer goes out
}

// Requests returns the log, in the order in which requests came.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request{}, s.requests...)
}

// ForgetRequests empties the log and counts the next request as the first.
func (s *Server) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// admit logs the request as it comes, and returns its number.
func (s *Server) admit(method, path, query string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{Method: method, Path: path, Query: query})
	return len(s.requests)
}

// finish logs how the request ended, and tells the hook.
func (s *Server) finish(n int, method, path string, a *answer) {
	s.mu.Lock()
	if n <= len(s.requests) && !a.drop {
		s.requests[n-1].Status = a.status
	}
	hook := s.after
	s.mu.Unlock()
	if hook != nil {
		hook(n, method, path)
	}
}
