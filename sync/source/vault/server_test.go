package vault_test

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A server is an emulated vault that listens, with a key-value engine at kv and
// a token that may read below it.
type server struct {
	*emulator.Server
	url   string
	token string
}

func newServer(t *testing.T, version int) *server {
	t.Helper()
	clock := &emulator.Clock{}
	clock.Set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	s := &server{Server: emulator.New(emulator.Options{Clock: clock}), token: "hvs." + rand.Text()}
	s.AddMount("kv", version)
	path := "kv/*"
	if version == 2 {
		path = "kv/data/*"
	}
	s.AddPolicy("reads", emulator.Allow(path, "read"))
	s.AddToken(s.token, emulator.Policies("reads"))
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	s.url = listening.URL
	return s
}

// options are those of a source that reads the engine at kv with the token.
func (s *server) options() vault.Options {
	return vault.Options{Address: s.url, Mount: "kv", Auth: vault.Auth{Method: vault.Token, Token: secret.New([]byte(s.token))}}
}

func open(t *testing.T, o vault.Options) *vault.Source {
	t.Helper()
	source, err := vault.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func readOne(ctx context.Context, t *testing.T, source store.Source, ref store.Reference) store.Reading {
	t.Helper()
	readings := source.Read(ctx, []store.Reference{ref})
	if len(readings) != 1 {
		t.Fatalf("%d readings for one reference", len(readings))
	}
	return readings[0]
}

// asked counts the requests, by method and path.
func (s *server) asked() map[string]int {
	got := map[string]int{}
	for _, r := range s.Requests() {
		got[r.Method+" "+r.Path]++
	}
	return got
}
