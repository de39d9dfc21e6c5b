package gcp_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/gcp"
	"github.com/keyplumb/keyplumb/sync/store"
)

const (
	machine = "ci@acme-prod.iam.gserviceaccount.com"
	api     = "projects/acme-prod/secrets/api"
)

// A server is an emulated Google that listens, on a machine whose service
// account may read the secrets of acme-prod.
type server struct {
	*emulator.Server
	url string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{Server: emulator.New(emulator.Options{})}
	s.SetMachine(machine)
	s.Grant("serviceAccount:"+machine, emulator.Accessor, "projects/acme-prod")
	s.url = listen(t, s.Server)
	return s
}

// listen lets an emulator be another host.
func listen(t *testing.T, s *emulator.Server) string {
	t.Helper()
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	return listening.URL
}

// seesAges lets the machine look at metadata, too.
func (s *server) seesAges() {
	s.Grant("serviceAccount:"+machine, emulator.Viewer, "projects/acme-prod")
}

// options are those of a source that logs in as the machine.
func (s *server) options() gcp.Options {
	return gcp.Options{Address: s.url, Project: "acme-prod", Auth: gcp.Auth{Method: gcp.Default, Metadata: s.url}}
}

// asked counts the requests, by method and path.
func (s *server) asked() map[string]int {
	got := map[string]int{}
	for _, r := range s.Requests() {
		got[r.Method+" "+strings.TrimPrefix(r.Path, "/v1/projects/")]++
	}
	return got
}

func open(t *testing.T, o gcp.Options) *gcp.Source {
	t.Helper()
	source, err := gcp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func secretOf(text string) secret.Value { return secret.New([]byte(text)) }

func canary() string { return "canary-" + rand.Text() }

func readOne(t *testing.T, source store.Source, ref store.Reference) store.Reading {
	t.Helper()
	readings := source.Read(t.Context(), []store.Reference{ref})
	if len(readings) != 1 {
		t.Fatalf("%d readings for one reference", len(readings))
	}
	return readings[0]
}

// A wanted is what comes of a reference: a value, or a kind of error with words
// in its text or its hint.
type wanted struct {
	ref   store.Reference
	value string
	kind  error
	says  string
}

func (w wanted) check(t *testing.T, source store.Source) {
	t.Helper()
	w.judge(t, readOne(t, source, w.ref))
}

func (w wanted) judge(t *testing.T, got store.Reading) {
	t.Helper()
	if text := fmt.Sprint(got.Err, " hint: ", store.Hint(got.Err)); !errors.Is(got.Err, w.kind) || !strings.Contains(text, w.says) {
		t.Errorf("%v: %s; want %v, saying %q", w.ref, text, w.kind, w.says)
	}
	if w.kind == nil && string(got.Value.Reveal()) != w.value {
		t.Errorf("%v: %q, want %q", w.ref, got.Value.Reveal(), w.value)
	}
	if w.kind != nil && store.Hint(got.Err) == "" && !errors.Is(got.Err, store.ErrNoField) {
		t.Errorf("%v: %v, without a way out", w.ref, got.Err)
	}
}
