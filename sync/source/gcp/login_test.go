package gcp_test

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

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/gcp"
	"github.com/keyplumb/keyplumb/sync/store"
)

const (
	pool     = "projects/1234567890/locations/global/workloadIdentityPools/ci-pool"
	provider = pool + "/providers/github"
	jobs     = "principalSet://iam.googleapis.com/" + pool + "/attribute.repository/acme/api"
	issuer   = "https://ci.example.com"
)

// key signs the tokens of jobs.
var key = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// jobToken gives a job's token, some of its claims changed.
func jobToken(t *testing.T, audience string, changed jwt.MapClaims) secret.Value {
	t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": "repo:acme/api:ref:refs/heads/main", "repository": "acme/api", "ref": "refs/heads/main",
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	maps.Copy(claims, changed)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(key())
	if err != nil {
		t.Fatal(err)
	}
	return secretOf(signed)
}

// federation lets the jobs of acme/api in, which may become ci@acme-prod. Each
// of Google's services is a host of its own.
func federation(t *testing.T) (*server, gcp.Options) {
	t.Helper()
	s := newServer(t)
	s.SetMachine("")
	s.Put(api, []byte("value"))
	s.AddAccount(machine, nil)
	s.Grant(jobs, emulator.WorkloadUser, machine)
	s.AddProvider(provider, emulator.Provider{Keys: []*rsa.PublicKey{&key().PublicKey}, Issuer: issuer,
		Attributes: map[string]string{"attribute.repository": "repository"}, Condition: map[string]string{"ref": "refs/heads/main"}})
	o := s.options()
	o.Auth = gcp.Auth{Method: gcp.OIDC, Provider: provider, ServiceAccount: machine, STS: listen(t, s.Server), IAMCredentials: listen(t, s.Server),
		Identity: func(_ context.Context, audience string) (secret.Value, error) { return jobToken(t, audience, nil), nil }}
	return s, o
}

// TestOneLogin: whatever is read, by whomever, there is one login.
func TestOneLogin(t *testing.T) {
	s, o := federation(t)
	source := open(t, o)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for _, got := range source.Read(t.Context(), []store.Reference{{Path: "api"}, {Path: "other"}}) {
				if got.Err != nil && !errors.Is(got.Err, store.ErrNotFound) {
					t.Error(got.Err)
				}
			}
		})
	}
	readers.Wait()
	if asked := s.asked(); asked["POST /v1/token"] != 1 || asked["POST -/serviceAccounts/"+machine+":generateAccessToken"] != 1 {
		t.Errorf("asked %v", asked)
	}
}

// TestDirectAccess: without a service account the job itself is granted.
func TestDirectAccess(t *testing.T) {
	s, o := federation(t)
	o.Auth.ServiceAccount = ""
	bad := wanted{ref: store.Reference{Path: "api"}, kind: store.ErrDenied, says: "roles/secretmanager.secretAccessor"}
	bad.check(t, open(t, o))
	s.Grant(jobs, emulator.Accessor, "projects/acme-prod")
	wanted{ref: bad.ref, value: "value"}.check(t, open(t, o))
	if n := s.asked()["POST -/serviceAccounts/"+machine+":generateAccessToken"]; n != 0 {
		t.Errorf("it became the service account %d times", n)
	}
}

// TestOwnAudience: a provider may have other audiences than its name.
func TestOwnAudience(t *testing.T) {
	s, o := federation(t)
	s.AddProvider(provider, emulator.Provider{Keys: []*rsa.PublicKey{&key().PublicKey}, Issuer: issuer, Audiences: []string{"acme"},
		Attributes: map[string]string{"attribute.repository": "repository"}})
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrUnauthentic, says: "another audience than the job's token"}.check(t, open(t, o))
	o.Auth.Audience = "acme"
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, open(t, o))
}

func TestLoginRefusals(t *testing.T) {
	claims := func(changed jwt.MapClaims) func(*testing.T, *server, *gcp.Options) {
		return func(t *testing.T, _ *server, o *gcp.Options) {
			o.Auth.Identity = func(_ context.Context, audience string) (secret.Value, error) {
				return jobToken(t, audience, changed), nil
			}
		}
	}
	fault := func(path string, effect emulator.Effect) func(*testing.T, *server, *gcp.Options) {
		return func(_ *testing.T, s *server, _ *gcp.Options) {
			s.Inject(emulator.Fault{When: emulator.On("POST", path), Effect: effect})
		}
	}
	const sts, iam = "/v1/token", "/v1/projects/-/serviceAccounts/" + machine + ":generateAccessToken"
	for name, test := range map[string]struct {
		spoil func(*testing.T, *server, *gcp.Options)
		kind  error
		says  string
	}{
		"another branch":     {claims(jwt.MapClaims{"ref": "refs/heads/wild"}), store.ErrUnauthentic, "attribute condition keeps this job out"},
		"another repository": {claims(jwt.MapClaims{"repository": "mallory/api"}), store.ErrUnauthentic, "roles/iam.workloadIdentityUser"},
		"another issuer":     {claims(jwt.MapClaims{"iss": "https://mallory.example"}), store.ErrUnauthentic, "from another issuer"},
		"of yesterday":       {claims(jwt.MapClaims{"exp": 1}), store.ErrUnauthentic, "has run out"},
		"for somebody else":  {claims(jwt.MapClaims{"aud": "https://other.example"}), store.ErrUnauthentic, "another audience"},
		"another key": {func(_ *testing.T, s *server, _ *gcp.Options) {
			s.AddProvider(provider, emulator.Provider{Keys: []*rsa.PublicKey{&newKey().PublicKey}, Issuer: issuer})
		}, store.ErrUnauthentic, "cannot check who signed"},
		"no such provider": {func(_ *testing.T, _ *server, o *gcp.Options) { o.Auth.Provider = pool + "/providers/gitlab" }, store.ErrUnauthentic, "no such workload identity pool"},
		"no such account": {func(_ *testing.T, s *server, o *gcp.Options) {
			o.Auth.ServiceAccount = "cd@acme-prod.iam.gserviceaccount.com"
			s.Grant(jobs, emulator.WorkloadUser, o.Auth.ServiceAccount)
		}, store.ErrUnauthentic, "cd@acme-prod.iam.gserviceaccount.com is not there"},
		"no identity": {func(_ *testing.T, _ *server, o *gcp.Options) {
			o.Auth.Identity = func(context.Context, string) (secret.Value, error) {
				return secret.Value{}, &store.Error{Op: "prove who this job is", Kind: store.ErrUnauthentic, Hint: "permissions: id-token: write"}
			}
		}, store.ErrUnauthentic, "prove who this job is: credential refused hint: permissions: id-token: write"},
		"the API is off":        {fault(iam, emulator.Because(403, "SERVICE_DISABLED")), store.ErrUnauthentic, "gcloud services enable iamcredentials.googleapis.com"},
		"a server that fails":   {fault(iam, emulator.Refuse(418)), store.ErrUnauthentic, "log in 127.0.0.1:"},
		"an answer of nothing":  {fault(sts, emulator.EchoText(200)), store.ErrUnavailable, "could not be read"},
		"half an answer":        {fault(sts, emulator.Malformed()), store.ErrUnavailable, "could not be read"},
		"half an answer of IAM": {fault(iam, emulator.Malformed()), store.ErrUnavailable, "could not be read"},
		"an answer over a cap":  {fault(sts, emulator.Oversized(1<<20)), store.ErrUnavailable, "too long"},
		"an echo":               {fault(sts, emulator.Echo(400)), store.ErrUnauthentic, "hint: "},
		"an echo of IAM":        {fault(iam, emulator.Echo(403)), store.ErrUnauthentic, "hint: "},
		"an echo of a proxy":    {fault(sts, emulator.EchoText(403)), store.ErrUnauthentic, "hint: "},
		"a proxy's 404":         {fault(sts, emulator.EchoText(404)), store.ErrUnauthentic, "hint: "},
		"a redirect":            {fault(sts, emulator.Redirect(307, "https://mallory.example")), store.ErrMoved, "where the credential does not go"},
		"a redirect of IAM":     {fault(iam, emulator.Redirect(302, "https://mallory.example")), store.ErrMoved, "where the credential does not go"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, o := federation(t)
			test.spoil(t, s, &o)
			var sent []string // the tokens of the job, none of which may be shown
			next := o.Auth.Identity
			o.Auth.Identity = func(ctx context.Context, audience string) (secret.Value, error) {
				token, err := next(ctx, audience)
				sent = append(sent, string(token.Reveal()))
				return token, err
			}
			readings := open(t, o).Read(t.Context(), []store.Reference{{Path: "api"}, {Path: "other"}})
			text := fmt.Sprintf("%v hint: %s", readings[0].Err, store.Hint(readings[0].Err))
			if !errors.Is(readings[0].Err, test.kind) || !strings.Contains(text, test.says) || store.Hint(readings[0].Err) == "" {
				t.Errorf("%s; want %v, saying %q", text, test.kind, test.says)
			}
			if n := s.asked()["POST /v1/token"]; n > 1 || len(sent) != 1 {
				t.Errorf("%d logins with %d tokens", n, len(sent))
			}
			for _, token := range append(s.Tokens(), sent...) {
				if token != "" && (strings.Contains(text, token) || strings.Contains(text, token[len(token)/2:])) {
					t.Errorf("it shows a token: %s", text)
				}
			}
		})
	}
}

// TestRenewal: a token that is about to end is not used to its end.
func TestRenewal(t *testing.T) {
	s, o := federation(t)
	short := fmt.Sprintf(`{"accessToken": "ya29.short", "expireTime": %q}`, time.Now().Add(20*time.Second).UTC().Format(time.RFC3339))
	s.AddToken("ya29.short", "serviceAccount:"+machine)
	s.Inject(emulator.Fault{When: func(_ int, _, path string) bool { return strings.HasSuffix(path, ":generateAccessToken") }, Effect: emulator.Instead(short), Times: 1})
	source := open(t, o)
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, source)
	for range 1000 { // it is renewed beside the reads
		if s.asked()["POST -/serviceAccounts/"+machine+":generateAccessToken"] > 1 {
			return
		}
		wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, source)
	}
	t.Error("it was not renewed")
}

// TestExpiresMidRun: a token that has ended between two reads is no silent lack
// of secrets.
func TestExpiresMidRun(t *testing.T) {
	s, o := federation(t)
	source := open(t, o)
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, source)
	s.RevokeTokens()
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrUnauthentic, says: "run keyplumb again"}.check(t, source)
}

// TestStrictNames: nothing of a policy makes another address of a login.
func TestStrictNames(t *testing.T) {
	_, good := federation(t)
	for name, change := range map[string]func(*gcp.Auth){
		"a provider's location":  func(a *gcp.Auth) { a.Provider = strings.Replace(provider, "global", "europe-west4", 1) },
		"a provider that climbs": func(a *gcp.Auth) { a.Provider += "/../x" },
		"a full name":            func(a *gcp.Auth) { a.Provider = "//iam.googleapis.com/" + provider },
		"a project's id":         func(a *gcp.Auth) { a.Provider = strings.Replace(provider, "1234567890", "acme-prod", 1) },
		"an account's host":      func(a *gcp.Auth) { a.ServiceAccount = "ci@mallory.example" },
		"an account that climbs": func(a *gcp.Auth) { a.ServiceAccount = "../x@acme-prod.iam.gserviceaccount.com" },
		"an account with a verb": func(a *gcp.Auth) { a.ServiceAccount = machine + ":signBlob?" },
		"no identity":            func(a *gcp.Auth) { a.Identity = nil },
	} {
		o := good
		change(&o.Auth)
		if _, err := gcp.New(o); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
