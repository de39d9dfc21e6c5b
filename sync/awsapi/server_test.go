package awsapi_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
)

// A place is an emulated AWS with an identity provider, and a home folder.
type place struct {
	*emulator.Server
	url, home string
	role      string // that trusts jobs of acme/api, and the key "known"
}

const issuer = "https://token.actions.githubusercontent.com"

// jobKey signs the tokens of jobs.
var jobKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{Server: emulator.New(emulator.Options{}), home: t.TempDir()}
	p.url = listen(t, p.Server)
	p.AddProvider(emulator.Provider{Issuer: issuer, Keys: []*rsa.PublicKey{&jobKey().PublicKey}, ClientIDs: []string{"sts.amazonaws.com", "mine"}})
	p.role = p.AddRole(emulator.Role{Name: "ci", Conditions: map[string][]string{"sub": {"repo:acme/api:*"}}, Trusts: []string{"known"}, ExternalID: "outside"})
	p.AddKey("known", "secret of known")
	return p
}

func listen(t *testing.T, h http.Handler) string {
	t.Helper()
	listening := httptest.NewServer(h)
	t.Cleanup(listening.Close)
	return listening.URL
}

// token is that of a job, in which change may change what it likes.
func (p *place) token(change func(jwt.MapClaims)) string {
	now := p.Clock().Now()
	claims := jwt.MapClaims{"iss": issuer, "aud": "sts.amazonaws.com", "sub": "repo:acme/api:environment:prod", "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	if change != nil {
		change(claims)
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(jobKey())
	if err != nil {
		panic(err)
	}
	return signed
}

// file puts a file below home, and gives its path.
func (p *place) file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.home, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// options are those of a session that asks the emulated AWS, with variables
// beside these.
func (p *place) options(environ ...string) awsapi.Options {
	return awsapi.Options{
		Region: "eu-central-1", Dir: p.home, Allow: asConfigured,
		Environ: append([]string{"HOME=" + p.home, "PATH=" + os.Getenv("PATH"), "AWS_ENDPOINT_URL=" + p.url, "AWS_EC2_METADATA_DISABLED=true"}, environ...),
	}
}

// asConfigured takes the address that is nearest to the user.
func asConfigured(a awsapi.Address) (string, error) {
	for _, address := range []string{a.Policy, a.Configured, a.Public} {
		if address != "" {
			return address, nil
		}
	}
	return "", nil
}
