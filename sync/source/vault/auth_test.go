package vault_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/vault"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

// issuer is the CI system that signs the tokens of jobs.
type issuer struct{ key *rsa.PrivateKey }

var newIssuer = sync.OnceValue(func() issuer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return issuer{key}
})

// token gives a job's token, some of its claims changed.
func (i issuer) token(t *testing.T, s *server, changed jwt.MapClaims) secret.Value {
	t.Helper()
	now := s.Clock().Now()
	claims := jwt.MapClaims{
		"iss": "https://ci.example.com", "aud": s.url, "sub": "repo:acme/api:environment:dev", "repository": "acme/api",
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	maps.Copy(claims, changed)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return secretOf(signed)
}

// jwtServer lets the jobs of acme/api in, as ci-dev.
func jwtServer(t *testing.T) (*server, vault.Options) {
	t.Helper()
	s := newServer(t, 2)
	s.Put("kv", "dev/api", map[string]any{"KEY": "value"})
	s.AddJWT("jwt", emulator.JWT{Keys: []*rsa.PublicKey{&newIssuer().key.PublicKey}, Issuer: "https://ci.example.com"})
	s.AddJWTRole("jwt", emulator.JWTRole{
		Name: "ci-dev", BoundAudiences: []string{s.url}, BoundClaims: map[string][]string{"repository": {"acme/api"}},
		Policies: []string{"reads"}, TTL: 5 * time.Minute,
	})
	o := s.options()
	o.Auth = vault.Auth{Method: vault.JWT, Role: "ci-dev", Identity: func(_ context.Context, audience string) (secret.Value, error) {
		return newIssuer().token(t, s, jwt.MapClaims{"aud": audience}), nil
	}}
	return s, o
}

// TestOneLogin: whatever is read, by whomever, there is one login, and its
// token is revoked at the end.
func TestOneLogin(t *testing.T) {
	s, o := jwtServer(t)
	source := open(t, o)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for _, got := range source.Read(t.Context(), []store.Reference{{Path: "dev/api", Field: "KEY"}, {Path: "dev/other", Field: "KEY"}}) {
				if got.Err != nil && !errors.Is(got.Err, store.ErrNotFound) {
					t.Error(got.Err)
				}
			}
		})
	}
	readers.Wait()
	if asked := s.asked(); asked["POST /auth/jwt/login"] != 1 || asked["GET /sys/internal/ui/mounts/kv"] != 1 {
		t.Errorf("asked %v", asked)
	}
	if alive := s.Tokens(); len(alive) != 2 {
		t.Fatalf("%d tokens live, want the user's and the login's", len(alive))
	}
	for range 2 {
		if err := source.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if alive := s.Tokens(); len(alive) != 1 || alive[0].Value != s.token {
		t.Errorf("%d tokens live after the end, want the user's alone", len(alive))
	}
	if n := s.asked()["POST /auth/token/revoke-self"]; n != 1 {
		t.Errorf("%d revocations", n)
	}
}

// TestUsersToken: what the user gave stays the user's.
func TestUsersToken(t *testing.T) {
	s := newServer(t, 2)
	source := open(t, s.options())
	readOne(t.Context(), t, source, store.Reference{Path: "api", Field: "KEY"})
	if err := source.Close(t.Context()); err != nil || len(s.Tokens()) != 1 {
		t.Errorf("%v; %d tokens live", err, len(s.Tokens()))
	}
}

// TestRevocationFails: what could not be revoked is told, what has ended by
// itself is not.
func TestRevocationFails(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*server)
		fails bool
	}{
		"the vault is gone": {func(s *server) {
			s.Inject(emulator.Fault{When: emulator.On("POST", "/auth/token/revoke-self"), Effect: emulator.Echo(500)})
		}, true},
		"it may not": {func(s *server) {
			s.Inject(emulator.Fault{When: emulator.On("POST", "/auth/token/revoke-self"), Effect: emulator.Refuse(403)})
		}, true},
		"it has run out": {func(s *server) { s.Clock().Advance(time.Hour) }, false},
	} {
		s, o := jwtServer(t)
		source := open(t, o)
		wanted{ref: store.Reference{Path: "dev/api", Field: "KEY"}, value: "value"}.check(t, source)
		test.spoil(s)
		if err := source.Close(t.Context()); (err != nil) != test.fails {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJWTRefusals(t *testing.T) {
	ref := store.Reference{Path: "dev/api", Field: "KEY"}
	claims := func(changed jwt.MapClaims) func(*testing.T, *server, *vault.Options) {
		return func(t *testing.T, s *server, o *vault.Options) {
			o.Auth.Identity = func(context.Context, string) (secret.Value, error) { return newIssuer().token(t, s, changed), nil }
		}
	}
	for name, test := range map[string]struct {
		spoil func(*testing.T, *server, *vault.Options)
		kind  error
		says  string
	}{
		"another repository": {claims(jwt.MapClaims{"repository": "mallory/api"}), store.ErrUnauthentic, "bound to other claims than this job has"},
		"another subject":    {bindSubject, store.ErrUnauthentic, "bound to other claims than this job has"},
		"another issuer":     {claims(jwt.MapClaims{"iss": "https://mallory.example"}), store.ErrUnauthentic, "from another issuer"},
		"of yesterday":       {claims(jwt.MapClaims{"exp": 1}), store.ErrUnauthentic, "not valid now"},
		"an audience that the role does not take": {func(_ *testing.T, _ *server, o *vault.Options) { o.Auth.Audience = "vault" },
			store.ErrUnauthentic, `put "vault" into the role's bound_audiences`},
		"no such role":   {func(_ *testing.T, _ *server, o *vault.Options) { o.Auth.Role = "ci-prod" }, store.ErrUnauthentic, `there is no role "ci-prod" at auth/jwt`},
		"no such method": {func(_ *testing.T, _ *server, o *vault.Options) { o.Auth.Mount = "github" }, store.ErrUnauthentic, "is there an auth method at auth/github?"},
		"another key": {func(t *testing.T, s *server, _ *vault.Options) {
			other, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			s.AddJWT("jwt", emulator.JWT{Keys: []*rsa.PublicKey{&other.PublicKey}})
		}, store.ErrUnauthentic, "cannot check who signed"},
		"sealed": {func(_ *testing.T, s *server, _ *vault.Options) { s.Seal() }, store.ErrUnavailable, "the vault is sealed"},
		"a standby": {func(_ *testing.T, s *server, _ *vault.Options) {
			s.SetState(emulator.Standby, "https://mallory.example")
		},
			store.ErrMoved, "where the token does not go"},
		"an answer of nothing": {loginFault(emulator.EchoText(200)), store.ErrUnavailable, "could not be read"},
		"half an answer":       {loginFault(emulator.Malformed()), store.ErrUnavailable, "could not be read"},
		"a lost answer":        {loginFault(emulator.DropAfter()), store.ErrUnavailable, "connection broke"},
		"an echo":              {loginFault(emulator.Echo(400)), store.ErrUnauthentic, "hint"},
		"an echo of a proxy":   {loginFault(emulator.EchoText(403)), store.ErrUnauthentic, "hint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, o := jwtServer(t)
			test.spoil(t, s, &o)
			var sent []string // the tokens of the job, none of which may be shown
			if next := o.Auth.Identity; next != nil {
				o.Auth.Identity = func(ctx context.Context, audience string) (secret.Value, error) {
					token, err := next(ctx, audience)
					sent = append(sent, string(token.Reveal()))
					return token, err
				}
			}
			readings := open(t, o).Read(t.Context(), []store.Reference{ref, {Path: "dev/other", Field: "KEY"}})
			text := fmt.Sprintf("%v hint: %s", readings[0].Err, store.Hint(readings[0].Err))
			if !errors.Is(readings[0].Err, test.kind) || !strings.Contains(text, test.says) {
				t.Errorf("%s; want %v, saying %q", text, test.kind, test.says)
			}
			if readings[1].Err == nil || readings[1].Err.Error() != readings[0].Err.Error() {
				t.Errorf("a failed login is told in two ways: %v; %v", readings[0].Err, readings[1].Err)
			}
			if n := s.asked()["POST /auth/jwt/login"]; n > 1 {
				t.Errorf("%d logins", n)
			}
			for _, token := range sent {
				if strings.Contains(text, token) || strings.Contains(text, token[len(token)/2:]) {
					t.Errorf("it shows the job's token: %s", text)
				}
			}
		})
	}
}

func bindSubject(_ *testing.T, s *server, _ *vault.Options) {
	s.AddJWTRole("jwt", emulator.JWTRole{Name: "ci-dev", BoundAudiences: []string{s.url}, BoundSubject: "repo:acme/api:environment:prod"})
}

func loginFault(effect emulator.Effect) func(*testing.T, *server, *vault.Options) {
	return func(_ *testing.T, s *server, _ *vault.Options) {
		s.Inject(emulator.Fault{When: emulator.On("POST", "/auth/jwt/login"), Effect: effect})
	}
}

func TestNoIdentity(t *testing.T) {
	s, o := jwtServer(t)
	refused := &store.Error{Op: "prove who this job is", Kind: store.ErrUnauthentic, Hint: "permissions: id-token: write"}
	o.Auth.Identity = func(context.Context, string) (secret.Value, error) { return secret.Value{}, refused }
	wanted{ref: store.Reference{Path: "dev/api", Field: "KEY"}, kind: store.ErrUnauthentic, says: "id-token: write"}.check(t, open(t, o))
	if asked := s.asked(); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

func TestAppRole(t *testing.T) {
	s := newServer(t, 2)
	s.Put("kv", "dev/api", map[string]any{"KEY": "value"})
	s.AddAppRole("machines", emulator.AppRole{Name: "ci", RoleID: "the-role", SecretID: "the-secret-id", Uses: 2, Policies: []string{"reads"}})
	o := s.options()
	o.Auth = vault.Auth{Method: vault.AppRole, Mount: "machines", RoleID: secretOf("the-role\n"), SecretID: secretOf("the-secret-id")}
	good := wanted{ref: store.Reference{Path: "dev/api", Field: "KEY"}, value: "value"}
	bad := wanted{ref: good.ref, kind: store.ErrUnauthentic, says: "the secret id is used up or has run out"}
	good.check(t, open(t, o))
	good.check(t, open(t, o))
	bad.check(t, open(t, o))
	o.Auth.SecretID = secretOf("another")
	bad.check(t, open(t, o))
	o.Auth.SecretID = secret.Value{}
	bad.check(t, open(t, o))
}

func TestKubernetes(t *testing.T) {
	s := newServer(t, 2)
	s.Put("kv", "dev/api", map[string]any{"KEY": "value"})
	s.AddKubernetes("kubernetes", emulator.ServiceAccount{Token: "of-ci", Namespace: "ci", Name: "keyplumb"},
		emulator.ServiceAccount{Token: "of-other", Namespace: "other", Name: "keyplumb"})
	s.AddKubernetesRole("kubernetes", emulator.KubernetesRole{Name: "ci-dev", Names: []string{"keyplumb"}, Namespaces: []string{"ci"}, Policies: []string{"reads"}})
	ref := store.Reference{Path: "dev/api", Field: "KEY"}
	for _, test := range []struct {
		role, token string
		wanted
	}{
		{"ci-dev", "of-ci\n", wanted{value: "value"}},
		{"ci-dev", "of-other", wanted{kind: store.ErrUnauthentic, says: "bound to other service accounts or namespaces"}},
		{"ci-dev", "of-nobody", wanted{kind: store.ErrUnauthentic, says: "auth/kubernetes"}},
		{"ci-prod", "of-ci", wanted{kind: store.ErrUnauthentic, says: `there is no role "ci-prod"`}},
	} {
		o := s.options()
		o.Auth = vault.Auth{Method: vault.Kubernetes, Role: test.role, Identity: func(context.Context, string) (secret.Value, error) {
			return secretOf(test.token), nil
		}}
		test.ref = ref
		test.check(t, open(t, o))
	}
}

// TestExpiresMidRun: a token that has run out between two reads is no silent
// lack of secrets.
func TestExpiresMidRun(t *testing.T) {
	s, o := jwtServer(t)
	source := open(t, o)
	wanted{ref: store.Reference{Path: "dev/api", Field: "KEY"}, value: "value"}.check(t, source)
	s.Clock().Advance(time.Hour)
	wanted{ref: store.Reference{Path: "dev/api", Field: "KEY"}, kind: store.ErrUnauthentic, says: "token_ttl"}.check(t, source)
}
