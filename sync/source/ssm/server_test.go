package ssm_test

import (
	"crypto/rand"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/source/ssm"
)

// A server is an emulated AWS that listens, with a key that may read all
// parameters.
type server struct {
	*emulator.Server
	url, id, secret string
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{Server: emulator.New(emulator.Options{}), id: rand.Text()[:20], secret: rand.Text()}
	s.may(emulator.Allow("ssm:*", "*"))
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	s.url = listening.URL
	return s
}

// may replaces what the key may do.
func (s *server) may(policy ...emulator.Statement) { s.AddKey(s.id, s.secret, policy...) }

// options are those of a session with the key.
func (s *server) options() awsapi.Options {
	return awsapi.Options{
		Region:  "eu-central-1",
		Environ: []string{"AWS_ACCESS_KEY_ID=" + s.id, "AWS_SECRET_ACCESS_KEY=" + s.secret, "AWS_ENDPOINT_URL=" + s.url},
		Allow:   asConfigured,
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

func open(t *testing.T, o awsapi.Options) *ssm.Source {
	t.Helper()
	session, err := awsapi.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	source, err := ssm.New(t.Context(), session, "")
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// asked counts the requests, by action.
func (s *server) asked() map[string]int {
	got := map[string]int{}
	for _, r := range s.Requests() {
		got[r.Path[strings.LastIndex(r.Path, "/")+1:]]++
	}
	return got
}
