package gitlab_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

// A server answers from a table. What GitLab does is the emulator's to know;
// what it may do against all expectation is tried here.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string][]reply // by "METHOD path"; the last one repeats
	sent    []sent
}

type reply struct {
	status int
	body   string
	header map[string]string
}

type sent struct {
	call, body string
	header     http.Header
}

// The calls of a project in a subgroup, as they are sent.
const (
	base       = "/api/v4/projects/acme%2Fapps%2Fweb"
	list       = "GET " + base + "/variables?page=1&per_page=100"
	create     = "POST " + base + "/variables"
	update     = "PUT " + base + "/variables/NAME"
	read       = "GET " + base + "/variables/NAME?filter%5Benvironment_scope%5D=prod"
	remove     = "DELETE " + base + "/variables/NAME?filter%5Benvironment_scope%5D=prod"
	getProject = "GET " + base
)

func newServer(t *testing.T, answers map[string][]reply) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	call := r.Method + " " + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		call += "?" + r.URL.RawQuery
	}
	s.sent = append(s.sent, sent{call, strings.TrimSpace(string(body)), r.Header})
	replies := s.answers[call]
	if len(replies) == 0 {
		http.Error(w, `{"message":"404 Not Found"}`, http.StatusNotFound)
		return
	}
	if len(replies) > 1 {
		s.answers[call] = replies[1:]
	}
	for name, text := range replies[0].header {
		w.Header().Set(name, strings.ReplaceAll(text, "SERVER", s.URL))
	}
	w.WriteHeader(replies[0].status)
	_, _ = io.WriteString(w, replies[0].body)
}

// calls gives what was asked, in order.
func (s *server) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, r := range s.sent {
		out = append(out, r.call)
	}
	return out
}

func (s *server) last() sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent[len(s.sent)-1]
}

func (s *server) open(t *testing.T, o gitlab.Options) *gitlab.Target {
	t.Helper()
	return openAt(t, s.URL, o)
}

const prod = store.Scope("project:prod")

func placement(scope store.Scope, name, value string, attributes store.Attributes) store.Placement {
	return store.Placement{Scope: scope, Kind: store.Secret, Name: name, Value: secret.New([]byte(value)), Attributes: attributes}
}

func noted(p store.Placement, note string) store.Placement {
	p.Note = note
	return p
}

// aNote has the form of a note.
func aNote(word string) string { return "kp1:" + word + strings.Repeat("-", 156-len(word)) }

func second[T any](_ T, err error) error { return err }

// mustList lists a scope, by which its variables become known.
func mustList(t *testing.T, target *gitlab.Target, scope store.Scope) store.Listing {
	t.Helper()
	listing, err := target.List(t.Context(), scope, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return listing
}

func mustPut(t *testing.T, target *gitlab.Target, p store.Placement) {
	t.Helper()
	if _, err := target.Put(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}
