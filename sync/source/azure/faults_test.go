package azure_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestRefusals tells apart what a user can do something about.
func TestRefusals(t *testing.T) {
	ref := store.Reference{Path: "api"}
	spoiled := func(effect emulator.Effect) func(*server) {
		return func(s *server) { s.Inject(emulator.Fault{When: afterLogin(s), Effect: effect}) }
	}
	for name, test := range map[string]struct {
		spoil func(*server)
		wanted
	}{
		"no role":              {func(s *server) { s.Grant(client) }, wanted{kind: store.ErrDenied, says: `az role assignment create --role "Key Vault Secrets User" --assignee ` + client}},
		"no access policy":     {func(s *server) { s.UsePolicies(); s.Grant(client) }, wanted{kind: store.ErrDenied, says: "--secret-permissions get"}},
		"a firewall":           {func(s *server) { s.Close("ForbiddenByFirewall") }, wanted{kind: store.ErrDenied, says: "az keyvault network-rule add"}},
		"private endpoints":    {func(s *server) { s.Close("ForbiddenByConnection") }, wanted{kind: store.ErrDenied, says: "private endpoint"}},
		"denied for no reason": {spoiled(emulator.EchoText(403)), wanted{kind: store.ErrDenied, says: "this identity may not get secrets"}},
		"a revoked token": {func(s *server) {
			s.After(func(int, string, string) { s.entra.RevokeAll() })
			s.entra.After(func(int, string, string) { s.entra.RevokeAll() })
		}, wanted{kind: store.ErrUnauthentic, says: "does not take the token"}},
		"a redirect":             {spoiled(emulator.Redirect(302, "https://mallory.example/secrets/api/")), wanted{kind: store.ErrMoved, says: "where the token does not go"}},
		"half an answer":         {spoiled(emulator.Malformed()), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"an answer of nothing":   {spoiled(emulator.EchoText(200)), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"an answer of another":   {spoiled(emulator.Echo(200)), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"a proxy's not found":    {spoiled(emulator.EchoText(404)), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"an answer over the cap": {spoiled(emulator.Oversized(5 << 20)), wanted{kind: store.ErrUnavailable, says: "too long"}},
		"a failure":              {spoiled(emulator.Echo(418)), wanted{kind: store.ErrUnavailable, says: "HTTP 418"}},
		"no vault at all":        {func(s *server) { s.Inject(emulator.Fault{Effect: emulator.EchoText(404)}) }, wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"a page for all":         {func(s *server) { s.Inject(emulator.Fault{Effect: emulator.EchoText(200)}) }, wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"a proxy for Entra": {func(s *server) { s.entra.Inject(emulator.Fault{Effect: emulator.EchoText(403)}) },
			wanted{kind: store.ErrUnavailable, says: "the answer is none of Entra's"}},
		"Entra that moved": {func(s *server) {
			s.entra.Inject(emulator.Fault{Effect: emulator.Redirect(307, "https://mallory.example/")})
		},
			wanted{kind: store.ErrMoved, says: "where no credential goes"}},
		"an Entra of nothing": {func(s *server) { s.entra.Inject(emulator.Fault{Effect: emulator.EchoText(200)}) },
			wanted{kind: store.ErrUnavailable, says: "could not be read"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, h := inMemory(t)
			s.Set("api", "value", emulator.Properties{})
			test.spoil(s)
			test.ref = ref
			test.check(t, open(t, s.real(h)))
			if h.asked["mallory.example"] > 0 {
				t.Errorf("asked %v", h.asked)
			}
		})
	}
}

// TestAnswerOfAnother: an answer is of the secret and the version that were
// asked for, or it is none.
func TestAnswerOfAnother(t *testing.T) {
	first, second := strings.Repeat("1", 32), strings.Repeat("2", 32)
	for id, kind := range map[string]error{
		"/secrets/api/" + first: nil, "/secrets/api/" + second: store.ErrUnavailable, "/secrets/other/" + first: store.ErrUnavailable,
		"/secrets/api/": store.ErrUnavailable, "/keys/api/" + first: store.ErrUnavailable, "": store.ErrUnavailable, "%": store.ErrUnavailable,
	} {
		s, h := inMemory(t)
		h.handlers[realVault] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				s.Vault.ServeHTTP(w, r)
				return
			}
			_, _ = fmt.Fprintf(w, `{"value":"v","id":"https://%s%s","attributes":{"enabled":true,"created":1764000000}}`, realVault, id)
		})
		wanted{ref: store.Reference{Path: "api", Version: first}, value: "v", kind: kind}.check(t, open(t, s.real(h)))
	}
}

// TestNotFoundAtAll: a reader that may not ask for deleted secrets is told that
// there is none, which is what was seen.
func TestNotFoundAtAll(t *testing.T) {
	s := newServer(t)
	s.Set("api", "value", emulator.Properties{})
	s.Inject(emulator.Fault{When: emulator.On("GET", "/deletedsecrets/none"), Effect: emulator.Echo(403)})
	wanted{ref: store.Reference{Path: "none"}, kind: store.ErrNotFound, says: "has no such secret"}.check(t, open(t, s.options()))
}

// TestThrottled: haste is waited for, as long as patience lasts, with a word on
// how long from the service and without.
func TestThrottled(t *testing.T) {
	for name, test := range map[string]struct {
		after int
		times int
		took  time.Duration
		kind  error
	}{
		"a while":         {after: 30, times: 1, took: 30 * time.Second},
		"unsaid":          {after: -1, times: 1, took: time.Second},
		"unsaid, thrice":  {after: -1, times: 3, took: 7 * time.Second},
		"an hour":         {after: 3600, kind: store.ErrThrottled},
		"again and again": {after: 1, times: 3, took: 3 * time.Second},
	} {
		for _, where := range []string{"vault", "entra"} {
			t.Run(name+" at the "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, h := inMemory(t)
					s.Set("api", "value", emulator.Properties{})
					fault := emulator.Fault{Times: test.times, Effect: emulator.RateLimited(test.after)}
					if where == "vault" {
						s.Inject(fault)
					} else {
						s.entra.Inject(fault)
					}
					var waits int
					o := s.real(h)
					o.Notify = func(rest.Wait) { waits++ }
					started := time.Now()
					got := readOne(t.Context(), t, open(t, o), store.Reference{Path: "api"})
					if took := time.Since(started); !errors.Is(got.Err, test.kind) || test.kind == nil && got.Err != nil || took != test.took || (waits > 0) != (took > 0) {
						t.Errorf("%v after %v and %d waits, want %v after %v", got.Err, took, waits, test.kind, test.took)
					}
				})
			})
		}
	}
}

// TestHung: a server that never answers ends a run in a bounded time, however
// many secrets there are: after four tries of half a minute.
func TestHung(t *testing.T) {
	for _, where := range []string{"vault", "entra"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, h := inMemory(t)
				fault := emulator.Fault{Effect: emulator.Hang()}
				if where == "vault" {
					s.Inject(fault)
				} else {
					s.entra.Inject(fault)
				}
				var refs []store.Reference
				for i := range 20 {
					refs = append(refs, store.Reference{Path: fmt.Sprint("secret-", i)})
				}
				started := time.Now()
				readings := open(t, s.real(h)).Read(t.Context(), refs)
				for _, got := range readings {
					if !errors.Is(got.Err, store.ErrUnavailable) || !strings.Contains(got.Err.Error(), "no answer in time") || got.Err.Error() != readings[0].Err.Error() {
						t.Errorf("%v", got.Err)
					}
				}
				if took := time.Since(started); took < 2*time.Minute || took > 3*time.Minute {
					t.Errorf("after %v", took)
				}
			})
		})
	}
}

// TestSlow: a slow answer is an answer.
func TestSlow(t *testing.T) {
	s := newServer(t)
	s.Set("api", "value", emulator.Properties{})
	s.Inject(emulator.Fault{Effect: emulator.Slow(50 * time.Millisecond)})
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, open(t, s.options()))
}

// TestFailsOnce: what passes is tried again.
func TestFailsOnce(t *testing.T) {
	for name, effect := range map[string]emulator.Effect{"cut before": emulator.DropBefore(), "cut after": emulator.DropAfter(), "failing": emulator.Echo(503)} {
		synctest.Test(t, func(t *testing.T) {
			s, h := inMemory(t)
			s.Set("api", "value", emulator.Properties{})
			s.Inject(emulator.Fault{Times: 1, Effect: effect})
			s.entra.Inject(emulator.Fault{Times: 1, When: emulator.On("POST", "/"+tenant+"/oauth2/v2.0/token"), Effect: effect})
			got := readOne(t.Context(), t, open(t, s.real(h)), store.Reference{Path: "api"})
			if got.Err != nil {
				t.Errorf("%s: %v", name, got.Err)
			}
		})
	}
}
