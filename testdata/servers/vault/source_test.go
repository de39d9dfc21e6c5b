package vault_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

// open opens keyplumb's source on the real Vault, with the mount kv unless
// changed.
func (v *server) open(auth vault.Auth, change ...func(*vault.Options)) *vault.Source {
	v.t.Helper()
	options := vault.Options{Address: v.address, Mount: "kv", Auth: auth, UserAgent: "keyplumb-test"}
	for _, each := range change {
		each(&options)
	}
	source, err := vault.New(options)
	if err != nil {
		v.t.Fatal(err)
	}
	return source
}

func withToken(token string) vault.Auth {
	return vault.Auth{Method: vault.Token, Token: secret.New([]byte(token))}
}

// read reads one reference.
func read(t *testing.T, source store.Source, path, field, version string) store.Reading {
	t.Helper()
	return source.Read(t.Context(), []store.Reference{{Path: path, Field: field, Version: version}})[0]
}

func wantValue(t *testing.T, got store.Reading, want string) {
	t.Helper()
	if got.Err != nil || string(got.Value.Reveal()) != want {
		t.Errorf("read %q, %v; want %q", got.Value.Reveal(), got.Err, want)
	}
}

// wantError checks the kind of an error, and that its text has some words.
func wantError(t *testing.T, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("error %v, want %v", err, kind)
		return
	}
	told := err.Error() + " | " + store.Hint(err)
	for _, word := range words {
		if !strings.Contains(told, word) {
			t.Errorf("%q does not say %q", told, word)
		}
	}
}

// secrets fills the real Vault: prod/web of three versions in kv, of one in one
// and in team/kv.
func (v *server) secrets() {
	for _, value := range []string{"first", "second", "third"} {
		v.admin("POST", "kv/data/prod/web", fields{"data": fields{"KEY": value, "PORT": 5432, "deep": fields{"KEY": "inner " + value}}})
	}
	v.admin("POST", "kv/metadata/prod/web", fields{"custom_metadata": fields{"owner": "payments"}})
	v.admin("POST", "one/prod/web", fields{"KEY": "of one"})
	v.admin("POST", "team/kv/data/prod/web", fields{"data": fields{"KEY": "of the team"}})
	v.policy("prod", map[string][]string{"kv/data/prod/*": {"read"}, "one/prod/*": {"read"}, "team/kv/data/prod/*": {"read"}})
}

func TestBothVersionsAreFoundAndRead(t *testing.T) {
	v := start(t)
	v.secrets()
	token := v.token("prod")
	for _, test := range []struct{ mount, path, field, version, want string }{
		{"kv", "prod/web", "KEY", "", "third"},
		{"kv", "prod/web", "PORT", "", "5432"},
		{"kv", "prod/web", "deep.KEY", "", "inner third"},
		{"kv", "prod/web", "KEY", "1", "first"},
		{"kv", "prod/web", "KEY", "previous", "second"},
		{"kv", "prod/web", "", "2", `{"KEY":"second","PORT":5432,"deep":{"KEY":"inner second"}}`},
		{"one", "prod/web", "KEY", "", "of one"},
		{"team/kv", "prod/web", "KEY", "", "of the team"},
		{"", "kv/prod/web", "KEY", "", "third"},
		{"", "one/prod/web", "KEY", "", "of one"},
		{"", "team/kv/prod/web", "KEY", "", "of the team"},
	} {
		source := v.open(withToken(token), func(o *vault.Options) { o.Mount = test.mount })
		got := read(t, source, test.path, test.field, test.version)
		wantValue(t, got, test.want)
		if versioned := test.mount != "one" && !strings.HasPrefix(test.path, "one/"); versioned != (time.Since(got.Changed) < time.Minute && got.Version != "") {
			t.Errorf("%s/%s: version %q of %s", test.mount, test.path, got.Version, got.Changed)
		}
	}
}

func TestWhatIsGoneIsToldApart(t *testing.T) {
	v := start(t)
	v.secrets()
	v.admin("POST", "kv/delete/prod/web", fields{"versions": []int{2}})
	v.admin("POST", "kv/destroy/prod/web", fields{"versions": []int{1}})
	source := v.open(withToken(v.token("prod")))
	wantValue(t, read(t, source, "prod/web", "KEY", ""), "third")
	for _, test := range []struct {
		path, field, version string
		kind                 error
		words                []string
	}{
		{"prod/web", "KEY", "2", store.ErrNotFound, []string{"deleted", "undelete"}},
		{"prod/web", "KEY", "previous", store.ErrNotFound, []string{"deleted"}},
		{"prod/web", "KEY", "1", store.ErrNotFound, []string{"destroyed"}},
		{"prod/web", "KEY", "9", store.ErrNotFound, []string{"no version 9"}},
		{"prod/none", "KEY", "", store.ErrNotFound, nil},
		{"prod/web", "NONE", "", store.ErrNoField, nil},
		{"dev/web", "KEY", "", store.ErrDenied, []string{"kv/data/dev/web"}},
	} {
		wantError(t, read(t, source, test.path, test.field, test.version).Err, test.kind, test.words...)
	}
	v.admin("DELETE", "kv/data/prod/web", nil)
	wantError(t, read(t, source, "prod/web", "KEY", "").Err, store.ErrNotFound, "deleted")
	v.admin("DELETE", "kv/metadata/prod/web", nil)
	again := read(t, v.open(withToken(v.token("prod"))), "prod/web", "KEY", "")
	wantError(t, again.Err, store.ErrNotFound, "no such secret")
}

// TestAbout reads what a real Vault says of a secret besides its value.
func TestAbout(t *testing.T) {
	v := start(t)
	v.secrets()
	v.admin("POST", "kv/metadata/prod/web", fields{"custom_metadata": fields{"owner": "payments", "expires": "2100-01-31"}})
	v.admin("POST", "kv/metadata/prod/short", fields{"delete_version_after": "1h"})
	v.admin("POST", "kv/data/prod/short", fields{"data": fields{"KEY": "short"}})
	source := v.open(withToken(v.token("prod")))
	if got := read(t, source, "prod/web", "KEY", ""); got.Owner != "payments" || got.Expires.Format(time.DateOnly) != "2100-01-31" {
		t.Errorf("owner %q, expires %v, %v", got.Owner, got.Expires, got.Err)
	}
	if got := read(t, source, "prod/web", "KEY", "previous"); got.Owner != "payments" || !got.Expires.IsZero() {
		t.Errorf("owner %q, expires %v, %v", got.Owner, got.Expires, got.Err)
	}
	if got := read(t, source, "prod/short", "KEY", ""); got.Owner != "" || time.Until(got.Expires) > time.Hour || time.Until(got.Expires) < 50*time.Minute {
		t.Errorf("owner %q, expires %v, %v", got.Owner, got.Expires, got.Err)
	}
}

// TestRefusals reads with tokens that are not good, of mounts that are not
// there, and from a Vault that is sealed.
func TestRefusals(t *testing.T) {
	v := start(t)
	v.secrets()
	revoked := v.token("prod")
	v.admin("POST", "auth/token/revoke", fields{"token": revoked})
	for _, test := range []struct {
		name, token, mount string
		kind               error
	}{
		{"revoked", revoked, "kv", store.ErrUnauthentic},
		{"wrong", "hvs.wrong", "kv", store.ErrUnauthentic},
		{"without policies", v.token("default"), "kv", store.ErrDenied},
		{"no such mount", v.token("prod"), "nowhere", store.ErrDenied},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, kv := range []int{0, 2} {
				source := v.open(withToken(test.token), func(o *vault.Options) { o.Mount, o.KV = test.mount, kv })
				wantError(t, read(t, source, "prod/web", "KEY", "").Err, test.kind)
			}
		})
	}
	t.Run("revoked while it is in use", func(t *testing.T) {
		token := v.token("prod")
		source := v.open(withToken(token))
		wantValue(t, read(t, source, "prod/web", "KEY", ""), "third")
		v.admin("POST", "auth/token/revoke", fields{"token": token})
		wantError(t, read(t, source, "prod/web", "KEY", "").Err, store.ErrUnauthentic)
	})
	t.Run("a namespace where there are none", func(t *testing.T) {
		// The community's Vault pays the header no heed: it answers from its
		// root, and to a client nothing shows that.
		source := v.open(withToken(v.token("prod")), func(o *vault.Options) { o.Namespace = "team" })
		wantValue(t, read(t, source, "prod/web", "KEY", ""), "third")
	})
	t.Run("version 2 taken for version 1", func(t *testing.T) {
		source := v.open(withToken(v.root), func(o *vault.Options) { o.KV = 1 })
		wantError(t, read(t, source, "prod/web", "KEY", "").Err, store.ErrInvalid, "kv: 1")
	})
	t.Run("version 1 taken for version 2", func(t *testing.T) {
		v.policy("data", map[string][]string{"one/data/*": {"read"}})
		source := v.open(withToken(v.token("prod", "data")), func(o *vault.Options) { o.Mount, o.KV = "one", 2 })
		wantError(t, read(t, source, "prod/web", "KEY", "").Err, store.ErrInvalid, "kv: 2")
	})
	t.Run("no such mount, for one who may", func(t *testing.T) {
		source := v.open(withToken(v.root), func(o *vault.Options) { o.Mount, o.KV = "nowhere", 2 })
		wantError(t, read(t, source, "prod/web", "KEY", "").Err, store.ErrInvalid, "nothing is mounted at nowhere")
	})
	t.Run("no engine", func(t *testing.T) {
		for _, path := range []string{"auth/token/lookup-self", "sys/health", "cubbyhole/x", "identity/oidc/config"} {
			source := v.open(withToken(v.root), func(o *vault.Options) { o.Mount = "" })
			if got := read(t, source, path, "", ""); got.Err == nil || errors.Is(got.Err, store.ErrNotFound) {
				t.Errorf("%s: %v", path, got.Err)
			}
		}
	})
	t.Run("sealed", func(t *testing.T) {
		token := v.token("prod")
		v.seal()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got := v.open(withToken(token)).Read(ctx, []store.Reference{{Path: "prod/web", Field: "KEY"}})[0]
		wantError(t, got.Err, store.ErrUnavailable, "sealed")
	})
}

// A counter counts the requests for secrets, below prefix, that go through it.
type counter struct {
	prefix string
	reads  atomic.Int64
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, c.prefix) {
		c.reads.Add(1)
	}
	return http.DefaultTransport.RoundTrip(r)
}
