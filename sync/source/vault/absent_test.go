package vault_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

// isAbsent tells an error by which an optional secret would be given up, and
// what was written of it deleted.
func isAbsent(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrNoField)
}

// TestNoWordOnASecret: there are many ways to be told that something is not
// there, and but few of them are the vault's word that a secret is not.
func TestNoWordOnASecret(t *testing.T) {
	ref := store.Reference{Path: "dev/api", Field: "KEY"}
	for name, test := range map[string]struct {
		spoil func(*server, *vault.Options)
		wanted
	}{
		"nothing is mounted": {func(s *server, o *vault.Options) {
			s.AddPolicy("reads", emulator.Allow("gone/data/*", "read"))
			o.Mount, o.KV = "gone", 2
		}, wanted{kind: store.ErrInvalid, says: "nothing is mounted at gone"}},
		"pinned to 1, and it is 2": {func(s *server, o *vault.Options) {
			s.AddPolicy("reads", emulator.Allow("kv/*", "read"))
			o.KV = 1
		}, wanted{kind: store.ErrInvalid, says: "is kv: 1 right in the policy?"}},
		"pinned to 2, and it is 1": {func(s *server, o *vault.Options) {
			s.AddMount("old", 1)
			s.Put("old", "dev/api", map[string]any{"KEY": "value"})
			s.AddPolicy("reads", emulator.Allow("old/*", "read"))
			o.Mount, o.KV = "old", 2
		}, wanted{kind: store.ErrInvalid, says: "is kv: 2 right in the policy?"}},
		"gone, says a proxy of the read":  {status("/kv/data/dev/api", http.StatusGone), wanted{kind: store.ErrUnavailable}},
		"gone, says a proxy of the mount": {status("/sys/internal/ui/mounts/kv", http.StatusGone), wanted{kind: store.ErrUnavailable}},
		"other words with the status":     {status("/kv/data/dev/api", http.StatusNotFound), wanted{kind: store.ErrUnavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, 2)
			o := s.options()
			test.spoil(s, &o)
			got := readOne(t.Context(), t, open(t, o), ref)
			if text := fmt.Sprint(got.Err, " ", store.Hint(got.Err)); isAbsent(got.Err) || store.Hint(got.Err) == "" || !errors.Is(got.Err, test.kind) || !strings.Contains(text, test.says) {
				t.Errorf("%s; want %v, saying %q", text, test.kind, test.says)
			}
		})
	}
}

// status has requests fail with it, and with words of no vault.
func status(path string, status int) func(*server, *vault.Options) {
	return func(s *server, _ *vault.Options) {
		s.Inject(emulator.Fault{When: emulator.On("GET", path), Effect: emulator.Echo(status)})
	}
}

// TestPinned: a pin is made sure of only where a secret is not there, once, and
// holds where the vault doesn't say.
func TestPinned(t *testing.T) {
	t.Parallel()
	s := newServer(t, 2)
	o := s.options()
	o.KV = 2
	refs := []store.Reference{{Path: "a", Field: "KEY"}, {Path: "b", Field: "KEY"}}
	for _, got := range open(t, o).Read(t.Context(), refs) {
		if !errors.Is(got.Err, store.ErrNotFound) {
			t.Error(got.Err)
		}
	}
	if n := s.asked()["GET /sys/internal/ui/mounts/kv"]; n != 1 {
		t.Errorf("the mount was asked for %d times", n)
	}
	s.Inject(emulator.Fault{When: emulator.On("GET", "/sys/internal/ui/mounts/kv"), Effect: emulator.EchoText(http.StatusNotFound)})
	wanted{ref: refs[0], kind: store.ErrNotFound, says: "no such secret"}.check(t, open(t, o))
	s.Seal()
	if got := readOne(t.Context(), t, open(t, o), refs[0]); isAbsent(got.Err) {
		t.Error(got.Err)
	}
}

// TestGoneLogin: whatever ends a login, it is no word on a secret.
func TestGoneLogin(t *testing.T) {
	for _, code := range []int{http.StatusNotFound, http.StatusGone} {
		s, o := jwtServer(t)
		loginFault(emulator.Echo(code))(t, s, &o)
		if got := readOne(t.Context(), t, open(t, o), store.Reference{Path: "dev/api", Field: "KEY"}); got.Err == nil || isAbsent(got.Err) {
			t.Errorf("%d: %v", code, got.Err)
		}
	}
}

// TestOddAnswers are answers to a read that no vault gives, or not to what was
// asked: of a proxy, or of a cache that pays the query no heed.
func TestOddAnswers(t *testing.T) {
	const metadata = `"created_time": "2026-11-24T12:00:00Z", "deletion_time": "", "destroyed": false`
	for name, test := range map[string]struct {
		kv, status    int
		version, body string
	}{
		"errors that are objects": {2, 404, "", `{"errors": [{"message": "no route"}]}`},
		"errors that are text":    {2, 404, "", `{"errors": "not found"}`},
		"no errors":               {2, 404, "", `{"errors": null}`},
		"other errors":            {2, 404, "", `{"errors": ["not found"]}`},
		"a version that is there": {2, 404, "", `{"data": {"data": null, "metadata": {"version": 3, ` + metadata + `}}}`},
		"no data":                 {2, 404, "", `{"data": null}`},
		"another version":         {2, 200, "2", `{"data": {"data": {"KEY": "value"}, "metadata": {"version": 3, ` + metadata + `}}}`},
		"kv 1, no data":           {1, 404, "", `{"data": null}`},
		"kv 1, empty data":        {1, 404, "", `{"data": {}}`},
		"kv 1, a greeting":        {1, 200, "", `{"message": "log in first"}`},
		"kv 1, a greeting's key":  {1, 200, "", `{"KEY": "log in first"}`},
		"kv 1, nothing":           {1, 200, "", `{}`},
		"kv 1, no content":        {1, 204, "", ``},
		"another engine":          {1, 200, "", `{"data": {"KEY": "value"}, "mount_type": "token"}`},
		"a lease":                 {1, 200, "", `{"data": {"KEY": "value"}, "lease_id": "database/creds/x/y", "lease_duration": 60}`},
	} {
		t.Run(name, func(t *testing.T) {
			listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/sys/internal/") {
					_, _ = fmt.Fprintf(w, `{"data": {"type": "kv", "path": "kv/", "options": {"version": "%d"}}}`, test.kv) // a test's server
					return
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			t.Cleanup(listening.Close)
			source := open(t, vault.Options{Address: listening.URL, Mount: "kv", KV: test.kv, Auth: vault.Auth{Method: vault.Token, Token: secretOf("hvs.x")}})
			if got := readOne(t.Context(), t, source, store.Reference{Path: "api", Field: "KEY", Version: test.version}); got.Err == nil || isAbsent(got.Err) {
				t.Errorf("%v, %v", got.Err, got.Version)
			}
		})
	}
}

// TestEngineOfTomorrow: a version that keyplumb doesn't know is not taken for
// the first.
func TestEngineOfTomorrow(t *testing.T) {
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/sys/internal/") {
			_, _ = io.WriteString(w, `{"data": {"type": "kv", "path": "kv/", "options": {"version": "3"}}}`) // a test's server
			return
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"errors": []}`)
	}))
	t.Cleanup(listening.Close)
	source := open(t, vault.Options{Address: listening.URL, Mount: "kv", Auth: vault.Auth{Method: vault.Token, Token: secretOf("hvs.x")}})
	wanted{ref: store.Reference{Path: "api", Field: "KEY"}, kind: store.ErrInvalid, says: "versions 1 and 2"}.check(t, source)
}

// TestNoEngine: what a vault itself is at work with is no secret to carry: a
// policy's author could have the job's own token written to where they read it.
func TestNoEngine(t *testing.T) {
	for _, mount := range []string{"auth/token", "sys", "identity/oidc", "cubbyhole", "team/auth/token", "/auth/token/"} {
		_, err := vault.New(vault.Options{Address: "https://vault.example.com", Mount: mount, KV: 1, Auth: vault.Auth{Method: vault.Token, Token: secretOf("hvs.x")}})
		if !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v", mount, err)
		}
	}
}
