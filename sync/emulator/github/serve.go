package github

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// process runs the request's route against the state.
func (s *Server) process(x *harness.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{server: s, request: x.Request, body: x.Body, header: x.Header(), base: x.Base, now: s.Clock().Now().Truncate(time.Second)}
	c.header.Set("Date", c.now.Format(http.TimeFormat))
	c.header.Set("X-GitHub-Request-Id", requestID())
	c.header.Set("X-GitHub-Media-Type", "github.v3; format=json")
	s.unalias(x.Request)
	s.routes.ServeHTTP(x.Answer, x.Request.WithContext(withCall(x.Request.Context(), c)))
}

// unalias turns /repositories/{id}/…, the address that redirects lead to, into
// the path that the repository has now.
func (s *Server) unalias(r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/repositories/")
	if !ok {
		return
	}
	number, below, deeper := strings.Cut(rest, "/")
	id, err := strconv.ParseInt(number, 10, 64)
	repo := s.repositories[id]
	if err != nil || repo == nil {
		return
	}
	path := "/repos/" + repo.fullName()
	if deeper {
		path += "/" + below
	}
	harness.Repath(r, path)
}
