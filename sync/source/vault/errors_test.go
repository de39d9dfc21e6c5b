package vault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

func secretOf(text string) secret.Value { return secret.New([]byte(text)) }

func TestNew(t *testing.T) {
	good := vault.Options{Address: "https://vault.example.com:8200", Mount: "kv", Auth: vault.Auth{Method: vault.Token, Token: secretOf("hvs.x")}}
	if _, err := vault.New(good); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*vault.Options)
		kind   error
	}{
		"no address":              {func(o *vault.Options) { o.Address = "" }, store.ErrInvalid},
		"clear text":              {func(o *vault.Options) { o.Address = "http://vault.example.com" }, store.ErrInvalid},
		"a query":                 {func(o *vault.Options) { o.Address += "?x=y" }, store.ErrInvalid},
		"a socket":                {func(o *vault.Options) { o.Address = "unix:///run/vault.sock" }, store.ErrInvalid},
		"a password":              {func(o *vault.Options) { o.Address = "https://u:p@vault.example.com" }, store.ErrInvalid},
		"a mount that climbs":     {func(o *vault.Options) { o.Mount = "kv/../sys" }, store.ErrInvalid},
		"a namespace of two rows": {func(o *vault.Options) { o.Namespace = "a\r\nX-Other: b" }, store.ErrInvalid},
		"version 3":               {func(o *vault.Options) { o.KV = 3 }, store.ErrInvalid},
		"a version of no mount":   {func(o *vault.Options) { o.KV, o.Mount = 2, "" }, store.ErrInvalid},
		"no way to log in":        {func(o *vault.Options) { o.Auth.Method = "" }, store.ErrInvalid},
		"no role":                 {func(o *vault.Options) { o.Auth.Method = vault.JWT }, store.ErrInvalid},
		"no token":                {func(o *vault.Options) { o.Auth.Token = secretOf(" \n") }, store.ErrUnauthentic},
		"a token of two rows":     {func(o *vault.Options) { o.Auth.Token = secretOf("hvs.x\nX-Other: y") }, store.ErrUnauthentic},
		"no role id":              {func(o *vault.Options) { o.Auth.Method = vault.AppRole }, store.ErrUnauthentic},
	} {
		o := good
		test.change(&o)
		if _, err := vault.New(o); !errors.Is(err, test.kind) {
			t.Errorf("%s: %v, want %v", name, err, test.kind)
		}
	}
}

// TestNothingOfTheProcess: what stands in the process's own environment is for
// Vault's own tool. Here it counts for nothing, but a variable that the client
// cannot make sense of is told.
func TestNothingOfTheProcess(t *testing.T) {
	s := newServer(t, 2)
	s.Put("kv", "api", map[string]any{"KEY": "value"})
	for name, value := range map[string]string{
		"VAULT_ADDR": "https://mallory.example", "VAULT_AGENT_ADDR": "https://mallory.example", "VAULT_PROXY_ADDR": "http://mallory.example",
		"VAULT_TOKEN": "hvs.other", "VAULT_NAMESPACE": "other", "VAULT_HEADERS": `{"X-Other": "x"}`, "VAULT_WRAP_TTL": "60",
		"VAULT_SKIP_VERIFY": "true", "VAULT_SRV_LOOKUP": "true", "VAULT_RATE_LIMIT": "1", "VAULT_MAX_RETRIES": "9", "VAULT_CLIENT_TIMEOUT": "1",
	} {
		t.Setenv(name, value)
	}
	wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "value"}.check(t, open(t, s.options()))
	t.Setenv("VAULT_SKIP_VERIFY", "perhaps")
	if _, err := vault.New(s.options()); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), "VAULT_…") || store.Hint(err) == "" {
		t.Errorf("a variable that is malformed: %v", err)
	}
}

// TestRefusals tells apart what a user can do something about.
func TestRefusals(t *testing.T) {
	ref := store.Reference{Path: "dev/api", Field: "KEY"}
	for name, test := range map[string]struct {
		spoil func(*server, *vault.Options)
		wanted
	}{
		"denied": {func(s *server, _ *vault.Options) { s.AddPolicy("reads", emulator.Allow("kv/data/prod/*", "read")) },
			wanted{kind: store.ErrDenied, says: `path "kv/data/dev/api" { capabilities = ["read"] }`}},
		"denied, pinned": {func(s *server, o *vault.Options) { s.AddPolicy("reads"); o.KV = 2 },
			wanted{kind: store.ErrDenied, says: `path "kv/data/dev/api" { capabilities = ["read"] }`}},
		"a token of nobody": {func(_ *server, o *vault.Options) { o.Auth.Token = secretOf("hvs.nobody") },
			wanted{kind: store.ErrUnauthentic, says: "the token is wrong, was revoked, or has run out"}},
		"a token that was revoked": {func(s *server, _ *vault.Options) { s.RevokeToken(s.token) },
			wanted{kind: store.ErrUnauthentic, says: "was revoked"}},
		"sealed": {func(s *server, _ *vault.Options) { s.Seal() }, wanted{kind: store.ErrUnavailable, says: "the vault is sealed"}},
		"a standby": {func(s *server, _ *vault.Options) { s.SetState(emulator.Standby, "https://mallory.example") },
			wanted{kind: store.ErrMoved, says: "where the token does not go"}},
		"a redirect": {func(s *server, _ *vault.Options) {
			s.Inject(emulator.Fault{Effect: emulator.Redirect(302, "https://mallory.example/v1/kv/data/dev/api")})
		}, wanted{kind: store.ErrMoved, says: "where the token does not go"}},
		"half an answer": {func(s *server, _ *vault.Options) { s.Inject(emulator.Fault{Effect: emulator.Malformed()}) },
			wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"an answer of nothing": {func(s *server, o *vault.Options) {
			o.KV = 2
			s.Inject(emulator.Fault{Effect: emulator.EchoText(200)})
		}, wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"an answer over the cap": {func(s *server, _ *vault.Options) { s.Inject(emulator.Fault{Effect: emulator.Oversized(33 << 20)}) },
			wanted{kind: store.ErrUnavailable, says: "too long"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, 2)
			s.Put("kv", "dev/api", map[string]any{"KEY": "value"})
			o := s.options()
			test.spoil(s, &o)
			got := readOne(t.Context(), t, open(t, o), ref)
			if text := fmt.Sprint(got.Err, " ", store.Hint(got.Err)); !errors.Is(got.Err, test.kind) || !strings.Contains(text, test.says) {
				t.Errorf("%s; want %v, saying %q", text, test.kind, test.says)
			}
		})
	}
}

// inMemory sends requests to a handler without a network, so that time can
// stand still in a test.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	defer func() {
		if cut := recover(); cut != nil {
			resp, err = nil, io.ErrUnexpectedEOF
		}
	}()
	recorded := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody // as a server has it
	}
	m.ServeHTTP(recorded, r)
	resp = recorded.Result()
	resp.Request = r
	return resp, nil
}

// TestThrottled: a quota is waited for, as long as patience lasts, with a word
// on how long from the vault and without.
func TestThrottled(t *testing.T) {
	for name, test := range map[string]struct {
		after int
		times int
		took  time.Duration
		kind  error
	}{
		"a while":         {after: 30, times: 1, took: 30 * time.Second},
		"unsaid":          {after: -1, times: 1, took: time.Second},
		"an hour":         {after: 3600, kind: store.ErrThrottled},
		"always, unsaid":  {after: -1, took: 255 * time.Second, kind: store.ErrThrottled},
		"again and again": {after: 1, times: 3, took: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := emulator.New(emulator.Options{})
				e.AddMount("kv", 2)
				e.AddToken("hvs.root")
				e.Put("kv", "api", map[string]any{"KEY": "value"})
				e.Inject(emulator.Fault{Times: test.times, Effect: emulator.RateLimited(test.after)})
				source := open(t, vault.Options{Address: "https://vault.example.com", Mount: "kv", KV: 2, Next: inMemory{e},
					Auth: vault.Auth{Method: vault.Token, Token: secretOf("hvs.root")}})
				started := time.Now()
				got := readOne(t.Context(), t, source, store.Reference{Path: "api", Field: "KEY"})
				if took := time.Since(started); !errors.Is(got.Err, test.kind) || took != test.took {
					t.Errorf("%v after %v, want %v after %v", got.Err, took, test.kind, test.took)
				}
			})
		})
	}
}

// TestAllHung: many secrets take no longer than one. A run of hundreds would
// not end in a day.
func TestAllHung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := emulator.New(emulator.Options{})
		e.Inject(emulator.Fault{Effect: emulator.Hang()})
		source := open(t, vault.Options{Address: "https://vault.example.com", Mount: "kv", KV: 2, Next: inMemory{e},
			Auth: vault.Auth{Method: vault.Token, Token: secretOf("hvs.root")}})
		started := time.Now()
		for _, got := range source.Read(t.Context(), many(40)) {
			if !errors.Is(got.Err, store.ErrUnavailable) {
				t.Error(got.Err)
			}
		}
		if took := time.Since(started); took > 3*time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

// TestAllCut: so it is where the mount cannot even be found.
func TestAllCut(t *testing.T) {
	t.Parallel()
	s := newServer(t, 2)
	s.Inject(emulator.Fault{Effect: emulator.DropBefore()})
	for _, got := range open(t, s.options()).Read(t.Context(), many(40)) {
		if !errors.Is(got.Err, store.ErrUnavailable) {
			t.Error(got.Err)
		}
	}
	if n := len(s.Requests()); n > 8 {
		t.Errorf("%d requests", n)
	}
}

func many(n int) (refs []store.Reference) {
	for i := range n {
		refs = append(refs, store.Reference{Path: fmt.Sprint("api", i), Field: "KEY"})
	}
	return refs
}

// TestHung: a vault that never answers ends a run in a bounded time: a read
// after four tries of half a minute, a login, which may have been heard, after
// one.
func TestHung(t *testing.T) {
	for name, test := range map[string]struct {
		auth    vault.Auth
		atLeast time.Duration
		atMost  time.Duration
	}{
		"read":  {vault.Auth{Method: vault.Token, Token: secretOf("hvs.root")}, 2 * time.Minute, 3 * time.Minute},
		"login": {vault.Auth{Method: vault.AppRole, RoleID: secretOf("role")}, 30 * time.Second, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := emulator.New(emulator.Options{})
				e.Inject(emulator.Fault{Effect: emulator.Hang()})
				source := open(t, vault.Options{Address: "https://vault.example.com", Mount: "kv", KV: 2, Next: inMemory{e}, Auth: test.auth})
				started := time.Now()
				got := readOne(t.Context(), t, source, store.Reference{Path: "api", Field: "KEY"})
				if took := time.Since(started); !errors.Is(got.Err, store.ErrUnavailable) || took < test.atLeast || took > test.atMost {
					t.Errorf("%v after %v", got.Err, took)
				}
			})
		})
	}
}

// TestProxysNotFound: what stands before the vault may have a 404 of its own,
// and that is no word on the secret: an optional one would be given up by it.
func TestProxysNotFound(t *testing.T) {
	for name, body := range map[string]string{"nothing": "", "a page": "<html>not found</html>", "JSON of another": `{"message":"not found"}`, "a list": "[]"} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, body)
		}))
		source := open(t, vault.Options{Address: proxy.URL, Mount: "kv", KV: 2, Auth: vault.Auth{Method: vault.Token, Token: secretOf("hvs.x")}})
		got := readOne(t.Context(), t, source, store.Reference{Path: "api", Field: "KEY"})
		if !errors.Is(got.Err, store.ErrUnavailable) || errors.Is(got.Err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, got.Err)
		}
		proxy.Close()
	}
}

// TestInterruptedLogin: a login's answer is waited for a little longer than the
// run lasts, and no more.
func TestInterruptedLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := emulator.New(emulator.Options{})
		e.Inject(emulator.Fault{Effect: emulator.Hang()})
		source := open(t, vault.Options{Address: "https://vault.example.com", Mount: "kv", KV: 2, Next: inMemory{e},
			Auth: vault.Auth{Method: vault.AppRole, RoleID: secretOf("role")}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		got := readOne(ctx, t, source, store.Reference{Path: "api", Field: "KEY"})
		if took := time.Since(started); !errors.Is(got.Err, context.DeadlineExceeded) || took != 4*time.Second {
			t.Errorf("%v after %v", got.Err, took)
		}
	})
}
