package github_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/nacl/box"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

// A server answers from a table. What GitHub does is the emulator's to know;
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

type sent struct{ call, body, token string }

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
	s.sent = append(s.sent, sent{call, strings.TrimSpace(string(body)), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")})
	replies := s.answers[call]
	if len(replies) == 0 {
		http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
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

func (s *server) last(call string) sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.sent) - 1; i >= 0; i-- {
		if s.sent[i].call == call {
			return s.sent[i]
		}
	}
	return sent{}
}

// open opens a target at the server.
func (s *server) open(t *testing.T, o github.Options) *github.Target {
	t.Helper()
	return openAt(t, s.URL, o)
}

// keyPair makes a scope's key, the answer that publishes it, and what opens a
// body that was sealed for it.
func keyPair(t *testing.T, id string) (answer string, open func(body string) string) {
	t.Helper()
	public, private, err := box.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encoded, _ := json.Marshal(map[string]string{"key_id": id, "key": base64.StdEncoding.EncodeToString(public[:])})
	return string(encoded), func(body string) string {
		var sent struct {
			Value string `json:"encrypted_value"`
			KeyID string `json:"key_id"`
		}
		if err := json.Unmarshal([]byte(body), &sent); err != nil || sent.KeyID != id {
			t.Errorf("body for key %q, %v; want %q", sent.KeyID, err, id)
		}
		sealed, err := base64.StdEncoding.DecodeString(sent.Value)
		if err != nil {
			t.Error(err)
		}
		value, ok := box.OpenAnonymous(nil, sealed, public, private)
		if !ok {
			t.Error("the box does not open")
		}
		return string(value)
	}
}

func placement(scope store.Scope, kind store.Kind, name, value string, attributes store.Attributes) store.Placement {
	return store.Placement{Scope: scope, Kind: kind, Name: name, Value: secret.New([]byte(value)), Attributes: attributes}
}
