package harness

// A Request is a line of an emulator's log.
type Request struct {
	Method string
	Path   string // escaped, as sent, below the API's prefix if there is one
	Query  string // raw
	Status int    // 0 while it is being answered, and where no answer goes out
}

// Requests returns the log, in the order in which requests came.
func (h *Harness) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Request{}, h.requests...)
}

// ForgetRequests empties the log and counts the next request as the first.
func (h *Harness) ForgetRequests() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = nil
}

// admit logs the request as it comes, and returns its number.
func (h *Harness) admit(method, path, query string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = append(h.requests, Request{Method: method, Path: path, Query: query})
	return len(h.requests)
}

// finish logs how the request ended, and tells the hook.
func (h *Harness) finish(n int, method, path string, a *Answer) {
	h.mu.Lock()
	if n <= len(h.requests) && !a.drop {
		h.requests[n-1].Status = a.status
	}
	hook := h.after
	h.mu.Unlock()
	if hook != nil {
		hook(n, method, path)
	}
}
