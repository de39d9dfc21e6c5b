package kubernetes_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A server is an emulated cluster that listens, with a token of a user that may
// read the secrets of the namespaces dev and prod.
type server struct {
	*emulator.Server
	url   string
	token string
}

func newServer(t *testing.T) *server {
	t.Helper()
	clock := &emulator.Clock{}
	clock.Set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	s := &server{Server: emulator.New(emulator.Options{Clock: clock}), token: rand.Text()}
	s.AddToken(s.token, emulator.User{Name: "ci"})
	s.Bind("dev", "ci", emulator.Role{Verbs: []string{"get"}})
	s.Bind("prod", "ci", emulator.Role{Verbs: []string{"get"}})
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	s.url = listening.URL
	return s
}

// cluster is the server for a job whose identity token is the given one.
func (s *server) cluster(token string) *kubernetes.Cluster {
	return kubernetes.Job(s.url, "", &tls.Config{MinVersion: tls.VersionTLS12}, func(context.Context, string) (secret.Value, error) {
		return secret.New([]byte(token)), nil
	})
}

func (s *server) options() kubernetes.Options {
	return kubernetes.Options{Cluster: s.cluster(s.token), Namespace: "dev"}
}

// hold fills a secret: fields that nest are JSON in a key.
func (s *server) hold(t *testing.T, path string, fields map[string]any) {
	t.Helper()
	data := map[string][]byte{}
	for key, value := range fields {
		if text, ok := value.(string); ok {
			data[key] = []byte(text)
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		data[key] = text
	}
	namespace, name, found := strings.Cut(path, "/")
	if !found {
		namespace, name = "dev", path
	}
	s.Put(namespace, name, emulator.Secret{Data: data})
}

func open(t *testing.T, o kubernetes.Options) *kubernetes.Source {
	t.Helper()
	source, err := kubernetes.New(o)
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

func secretOf(text string) secret.Value { return secret.New([]byte(text)) }

// wanted is what a reference has to bring.
type wanted struct {
	ref   store.Reference
	value string
	kind  error
	says  string
}

func (w wanted) check(t *testing.T, source store.Source) {
	t.Helper()
	got := readOne(t.Context(), t, source, w.ref)
	text := fmt.Sprint(got.Err, " ", store.Hint(got.Err))
	if !errors.Is(got.Err, w.kind) || !strings.Contains(text, w.says) || string(got.Value.Reveal()) != w.value {
		t.Errorf("%v is %q, %s; want %q, %v, saying %q", w.ref, got.Value.Reveal(), text, w.value, w.kind, w.says)
	}
}

// contextUntil gives a context that ends once something holds.
func contextUntil(t *testing.T, holds func() bool) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for ctx.Err() == nil && !holds() {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	return ctx, cancel
}
