package kubernetes_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// TestContract runs the contract of every source against the real API server.
func TestContract(t *testing.T) {
	storetest.Source(t, storetest.SourceHarness{
		Paths: []string{"api", "web.config"}, Missing: "none",
		Structured: true, Nested: true, Listing: true, Binary: true, Versioned: true, Dated: true,
		New: fixture,
	})
}

// fixture is a source that reads a namespace of its own with the token of a
// service account of its own.
func fixture(t *testing.T, secrets storetest.Secrets) storetest.SourceFixture {
	t.Helper()
	namespace := live.namespace(t, "contract")
	user, token := live.account(t, namespace, "reader")
	live.bind(t, namespace, user)
	fill := func(secrets storetest.Secrets) {
		for name, held := range secrets {
			live.put(t, namespace, name, dataOf(t, held))
		}
	}
	fill(secrets)
	counted := &counter{next: &http.Transport{TLSClientConfig: live.tls()}}
	open := func() store.Source { return openJob(t, namespace, token, counted) }
	return storetest.SourceFixture{
		Source: open(), Reopen: open, Replace: fill,
		Reads: func() int { return int(counted.requests.Load()) },
		Whole: func(path string) string {
			text, err := json.Marshal(secrets[path])
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		},
		Break: func(kind error) bool {
			switch {
			case errors.Is(kind, store.ErrDenied):
				live.unbind(t, namespace, user)
			case errors.Is(kind, store.ErrUnauthentic):
				live.do(t, "DELETE", "/api/v1/namespaces/"+namespace+"/serviceaccounts/reader", nil)
				live.until(t, func() bool {
					got, err := live.send(t.Context(), token, "GET", "/api/v1/namespaces/"+namespace+"/secrets/probe", nil)
					return err == nil && got.status == http.StatusUnauthorized
				})
			default:
				return false
			}
			return true
		},
	}
}

// dataOf makes a secret's data: fields that nest are JSON in a key.
func dataOf(t *testing.T, held map[string]any) map[string][]byte {
	t.Helper()
	data := map[string][]byte{}
	for key, value := range held {
		text, ok := value.(string)
		data[key] = []byte(text)
		if !ok {
			var err error
			if data[key], err = json.Marshal(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	return data
}

// openJob opens the source as a job does, with a token for its identity.
func openJob(t *testing.T, namespace, token string, next http.RoundTripper) store.Source {
	t.Helper()
	source, err := kubernetes.New(kubernetes.Options{
		Cluster:   kubernetes.Job(live.url, "", live.tls(), func(context.Context, string) (secret.Value, error) { return secret.New([]byte(token)), nil }),
		Namespace: namespace, Next: next,
	})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// A counter counts the requests that go by.
type counter struct {
	next     http.RoundTripper
	requests atomic.Int32
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return c.next.RoundTrip(r)
}
