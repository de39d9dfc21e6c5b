package kubernetes_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// at is a cluster at an address, for a job with a token.
func at(address, token string) *kubernetes.Cluster {
	return kubernetes.Job(address, "", &tls.Config{MinVersion: tls.VersionTLS12}, func(context.Context, string) (secret.Value, error) { return secretOf(token), nil })
}

func TestNew(t *testing.T) {
	good := kubernetes.Options{Cluster: at("https://cluster.example:6443/k8s/clusters/one", "x")}
	if _, err := kubernetes.New(good); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]kubernetes.Options{
		"no address":         {Cluster: at("", "x")},
		"a host alone":       {Cluster: at("cluster.example:6443", "x")},
		"clear text":         {Cluster: at("http://cluster.example", "x")},
		"a query":            {Cluster: at("https://cluster.example?x=y", "x")},
		"a password":         {Cluster: at("https://u:p@cluster.example", "x")},
		"a bad namespace":    {Cluster: good.Cluster, Namespace: "a/b"},
		"an escaped one":     {Cluster: good.Cluster, Namespace: "a%2fb"},
		"no checking at all": {Cluster: kubernetes.Job("https://cluster.example", "", &tls.Config{InsecureSkipVerify: true}, nil)}, //nolint:gosec // it is refused
	} {
		if _, err := kubernetes.New(o); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBelowAPath: an API can lie below a path, as with a proxy for many clusters.
func TestBelowAPath(t *testing.T) {
	s := newServer(t)
	s.hold(t, "api", map[string]any{"KEY": "value"})
	proxy := httptest.NewServer(http.StripPrefix("/k8s/clusters/one", s))
	t.Cleanup(proxy.Close)
	for _, slash := range []string{"", "/"} {
		source := open(t, kubernetes.Options{Cluster: at(proxy.URL+"/k8s/clusters/one"+slash, s.token), Namespace: "dev"})
		wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "value"}.check(t, source)
	}
}

// TestRefusals tells apart what a user can do something about.
func TestRefusals(t *testing.T) {
	fault := func(effect emulator.Effect) func(*server) {
		return func(s *server) { s.Inject(emulator.Fault{Effect: effect}) }
	}
	for name, test := range map[string]struct {
		spoil func(*server)
		wanted
	}{
		"denied": {func(s *server) { s.Unbind("ci") },
			wanted{kind: store.ErrDenied, says: `a Role in the namespace dev needs the rule {apiGroups: [""], resources: ["secrets"], resourceNames: ["api"], verbs: ["get"]}`}},
		"a token of nobody": {func(s *server) { s.token = "nobody" }, wanted{kind: store.ErrUnauthentic, says: "AuthenticationConfiguration"}},
		"no token":          {func(s *server) { s.token = "" }, wanted{kind: store.ErrUnauthentic, says: "AuthenticationConfiguration"}},
		"a redirect":        {fault(emulator.Redirect(302, "https://mallory.example/api")), wanted{kind: store.ErrMoved, says: "where the credential does not go"}},
		"half an answer":    {fault(emulator.Malformed()), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"another's answer":  {fault(emulator.EchoText(200)), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"over the cap":      {fault(emulator.Oversized(9 << 20)), wanted{kind: store.ErrUnavailable, says: "too long"}},
		"a proxy's refusal": {fault(emulator.EchoText(403)), wanted{kind: store.ErrDenied, says: "what stands before the cluster refuses it"}},
		"a proxy's login":   {fault(emulator.EchoText(401)), wanted{kind: store.ErrUnauthentic}},
		"not to be had":     {fault(emulator.Refuse(406)), wanted{kind: store.ErrUnavailable}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.hold(t, "api", map[string]any{"KEY": "value"})
			test.spoil(s)
			test.ref = store.Reference{Path: "api", Field: "KEY"}
			test.check(t, open(t, s.options()))
		})
	}
}

// TestCertificateIsNotTrusted: nothing is sent, and who is to be believed is
// told.
func TestCertificateIsNotTrusted(t *testing.T) {
	s := newSecured(t)
	w := wanted{ref: store.Reference{Path: "dev/api", Field: "KEY"}, kind: store.ErrUnavailable, says: "certificate-authority-data"}
	w.check(t, open(t, kubernetes.Options{Cluster: clusterOf(t, s.kubeconfigWith(t, `{token: x}`, "disable-compression: true"))}))
	w.says = "KUBERNETES_CACERT"
	w.check(t, open(t, kubernetes.Options{Cluster: at(s.url, s.token)}))
	w.says = "certificate-authority-data"
	named := s.kubeconfigWith(t, `{token: x}`, "tls-server-name: other.example, certificate-authority-data: "+encoded(s.roots))
	w.check(t, open(t, kubernetes.Options{Cluster: clusterOf(t, named)}))
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestProxysNotFound: what stands before the cluster may have a 404 of its own,
// and so has an API server for another path: that is no word on the secret, and
// an optional one would be given up by it.
func TestProxysNotFound(t *testing.T) {
	status := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"details":`
	for name, body := range map[string]string{
		"nothing": "", "a page": "<html>not found</html>", "JSON of another": `{"message":"not found"}`, "a list": "[]", "Go's": "404 page not found\n",
		"of no object": status + `{}}`, "of another kind": status + `{"kind":"namespaces","name":"api"}}`, "of another name": status + `{"kind":"secrets","name":"other"}}`,
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, body)
		}))
		got := readOne(t.Context(), t, open(t, kubernetes.Options{Cluster: at(proxy.URL, "x")}), store.Reference{Path: "dev/api", Field: "KEY"})
		if !errors.Is(got.Err, store.ErrUnavailable) || errors.Is(got.Err, store.ErrNotFound) {
			t.Errorf("%s: %v", name, got.Err)
		}
		proxy.Close()
	}
}

// TestAnotherSecret: an answer about something else is none.
func TestAnotherSecret(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "{}", "another kind": `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"api","namespace":"dev","uid":"u","resourceVersion":"1"},"data":{"KEY":"dg=="}}`,
		"another name":      `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"other","namespace":"dev","uid":"u","resourceVersion":"1"},"data":{"KEY":"dg=="}}`,
		"another namespace": `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"api","namespace":"prod","uid":"u","resourceVersion":"1"},"data":{"KEY":"dg=="}}`,
		"no version":        `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"api","namespace":"dev","uid":"u"},"data":{"KEY":"dg=="}}`,
		"no base64":         `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"api","namespace":"dev","uid":"u","resourceVersion":"1"},"data":{"KEY":"!"}}`,
		"metadata":          `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"api","namespace":"dev","uid":"u","resourceVersion":"1"}}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		got := readOne(t.Context(), t, open(t, kubernetes.Options{Cluster: at(server.URL, "x")}), store.Reference{Path: "dev/api", Field: "KEY"})
		if !errors.Is(got.Err, store.ErrUnavailable) || !got.Value.IsEmpty() {
			t.Errorf("%s: %v", name, got.Err)
		}
		server.Close()
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
	r.Body = http.NoBody // as a server has it
	m.ServeHTTP(recorded, r)
	resp = recorded.Result()
	resp.Request = r
	return resp, nil
}

// TestTroubles: what passes is waited for, and what does not ends in a bounded
// time.
func TestTroubles(t *testing.T) {
	for name, test := range map[string]struct {
		effect          emulator.Effect
		times           int
		atLeast, atMost time.Duration
		kind            error
	}{
		"throttled":                 {emulator.RateLimited(1), 1, time.Second, time.Second, nil},
		"throttled, unsaid":         {emulator.RateLimited(-1), 1, time.Second, time.Second, nil},
		"throttled again and again": {emulator.RateLimited(1), 5, 5 * time.Second, 5 * time.Second, nil},
		"throttled for an hour":     {emulator.RateLimited(3600), 0, 0, 0, store.ErrThrottled},
		"throttled always, unsaid":  {emulator.RateLimited(-1), 0, time.Minute, 5 * time.Minute, store.ErrThrottled},
		"late once":                 {emulator.Refuse(504), 1, 500 * time.Millisecond, 2 * time.Second, nil},
		"broken":                    {emulator.Refuse(500), 0, time.Second, 10 * time.Second, store.ErrUnavailable},
		"cut off":                   {emulator.DropBefore(), 0, time.Second, 10 * time.Second, store.ErrUnavailable},
		"hung":                      {emulator.Hang(), 0, 2 * time.Minute, 3 * time.Minute, store.ErrUnavailable},
		"slow":                      {emulator.Slow(20 * time.Second), 0, 20 * time.Second, 20 * time.Second, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := emulator.New(emulator.Options{})
				e.AddToken("token", emulator.User{Name: "ci"})
				e.Bind("dev", "ci", emulator.Role{Verbs: []string{"get"}})
				e.Put("dev", "api", emulator.Secret{Data: emulator.Texts(map[string]string{"KEY": "value"})})
				e.Inject(emulator.Fault{Times: test.times, Effect: test.effect})
				source := open(t, kubernetes.Options{Cluster: at("https://cluster.example", "token"), Next: inMemory{e}})
				started := time.Now()
				got := readOne(t.Context(), t, source, store.Reference{Path: "dev/api", Field: "KEY"})
				if took := time.Since(started); !errors.Is(got.Err, test.kind) || took < test.atLeast || took > test.atMost {
					t.Errorf("%v after %v", got.Err, took)
				}
			})
		})
	}
}

// TestAllHung: many secrets take no longer than one.
func TestAllHung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := emulator.New(emulator.Options{})
		e.Inject(emulator.Fault{Effect: emulator.Hang()})
		var refs []store.Reference
		for i := range 40 {
			refs = append(refs, store.Reference{Path: fmt.Sprint("dev/api", i), Field: "KEY"})
		}
		started := time.Now()
		for i, got := range open(t, kubernetes.Options{Cluster: at("https://cluster.example", "token"), Next: inMemory{e}}).Read(t.Context(), refs) {
			if !errors.Is(got.Err, store.ErrUnavailable) || !strings.Contains(got.Err.Error(), refs[i].Path+":") || store.Hint(got.Err) == "" {
				t.Error(got.Err)
			}
		}
		if took := time.Since(started); took > 3*time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

// TestTokenStays: wherever a cluster sends keyplumb to, the token does not go.
func TestTokenStays(t *testing.T) {
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := newServer(t)
		s.Inject(emulator.Fault{Effect: emulator.Redirect(status, elsewhere.URL+"/api/v1/namespaces/dev/secrets/api")})
		got := readOne(t.Context(), t, open(t, s.options()), store.Reference{Path: "api", Field: "KEY"})
		if !errors.Is(got.Err, store.ErrMoved) || strings.Contains(fmt.Sprint(got.Err), s.token) {
			t.Errorf("%d: %v", status, got.Err)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}

// TestTooLongIsAnAnswer: one secret whose answer is too long says nothing of the
// next.
func TestTooLongIsAnAnswer(t *testing.T) {
	s := newServer(t)
	s.hold(t, "long", map[string]any{"key": "value"})
	s.hold(t, "api", map[string]any{"key": "value"})
	s.Inject(emulator.Fault{When: emulator.On("GET", "/api/v1/namespaces/dev/secrets/long"), Effect: emulator.Oversized(9 << 20)})
	source := open(t, s.options())
	wanted{ref: store.Reference{Path: "long", Field: "key"}, kind: store.ErrUnavailable, says: "answer too long"}.check(t, source)
	wanted{ref: store.Reference{Path: "api", Field: "key"}, value: "value"}.check(t, source)
}
