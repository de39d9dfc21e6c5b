package gcp_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/emulator/gcp"
)

const (
	pool     = "projects/12345/locations/global/workloadIdentityPools/ci-pool"
	provider = pool + "/providers/github"
	account  = "ci@acme.iam.gserviceaccount.com"
	api      = "projects/acme/secrets/api"
)

var key = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// A request is one, and what has to come of it.
type request struct {
	method, path string
	token        string
	form         url.Values
	body         string
	header       http.Header
}

// send gives a request's status, and its answer.
func send(t *testing.T, s *gcp.Server, r request) (int, map[string]any) {
	t.Helper()
	body := r.body
	if r.form != nil {
		body = r.form.Encode()
	}
	req := httptest.NewRequestWithContext(t.Context(), r.method, "http://google.test"+r.path, strings.NewReader(body))
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for name := range r.header {
		req.Header.Set(name, r.header.Get(name))
	}
	recorded := httptest.NewRecorder()
	s.ServeHTTP(recorded, req)
	var said map[string]any
	text, err := io.ReadAll(recorded.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(text, &said) // what is no object is none
	return recorded.Code, said
}

// code is what an error is called, of either kind.
func code(said map[string]any) string {
	if inner, ok := said["error"].(map[string]any); ok {
		return fmt.Sprint(inner["status"])
	}
	return fmt.Sprint(said["error"])
}

// newServer is a Google with a secret of three versions, of which the second is
// disabled and the first destroyed.
func newServer() *gcp.Server {
	clock := &gcp.Clock{}
	clock.Set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	s := gcp.New(gcp.Options{Clock: clock})
	for _, value := range []string{"one", "two", "three"} {
		s.Put(api, []byte(value))
		clock.Advance(time.Hour)
	}
	s.SetState(api, 1, gcp.Destroyed)
	s.SetState(api, 2, gcp.Disabled)
	s.SetAlias(api, "stable", 3)
	for _, user := range []string{"reader", "viewer", "nobody", "owner"} {
		s.AddToken("of-"+user, "user:"+user)
	}
	s.Grant("user:reader", gcp.Accessor, api)
	s.Grant("user:viewer", gcp.Viewer, "projects/acme")
	s.Grant("user:owner", gcp.Accessor, "projects/acme")
	s.Grant("user:owner", gcp.Viewer, "projects/acme")
	return s
}

func TestSecretManager(t *testing.T) {
	for _, test := range []struct {
		path, user string
		status     int
		want       string // a code, or a part of the answer
	}{
		{api + "/versions/latest:access", "reader", 200, `"data":"dGhyZWU="`},
		{api + "/versions/3:access", "reader", 200, `"name":"projects/acme/secrets/api/versions/3"`},
		{api + "/versions/stable:access", "reader", 200, "dGhyZWU="},
		{api + "/versions/2:access", "reader", 400, "FAILED_PRECONDITION"},
		{api + "/versions/1:access", "reader", 400, "FAILED_PRECONDITION"},
		{api + "/versions/4:access", "reader", 404, "NOT_FOUND"},
		{api + "/versions/latest:access", "viewer", 403, "PERMISSION_DENIED"},
		{api + "/versions/latest:access", "nobody", 403, "PERMISSION_DENIED"},
		{api + "/versions/latest:access", "", 401, "UNAUTHENTICATED"},
		{api + "/versions/latest:access", "stranger", 401, "UNAUTHENTICATED"},
		{"projects/acme/secrets/none/versions/latest:access", "reader", 403, "PERMISSION_DENIED"},
		{"projects/acme/secrets/none/versions/latest:access", "owner", 404, "NOT_FOUND"},
		{"projects/acme/secrets/api-2/versions/latest:access", "reader", 403, "PERMISSION_DENIED"},
		{api + "/versions/1", "viewer", 200, `"state":"DESTROYED"`},
		{api + "/versions/2?%24alt=json%3Benum-encoding%3Dint", "viewer", 200, `"state":2`},
		{api + "/versions/latest", "viewer", 200, `"createTime":"2026-11-24T14:00:00.000000Z"`},
		{api + "/versions/1", "reader", 403, "PERMISSION_DENIED"},
		{api, "viewer", 200, `"name":"projects/acme/secrets/api"`},
		{api, "reader", 403, "PERMISSION_DENIED"},
		{api + "/versions?pageSize=2", "viewer", 200, `"nextPageToken":"2"`},
		{api + "/versions?pageSize=2&pageToken=2", "viewer", 200, `versions/1"`},
		{api + "/versions?pageToken=x", "viewer", 400, "INVALID_ARGUMENT"},
		{"projects/acme/secrets", "viewer", 200, `"totalSize":1`},
		{"projects/acme/secrets", "reader", 403, "PERMISSION_DENIED"},
		{api + "/versions/1:destroy", "owner", 404, "NOT_FOUND"},
		{"projects/acme/folders", "owner", 404, "NOT_FOUND"},
	} {
		token := ""
		if test.user != "" {
			token = "of-" + test.user
		}
		status, said := send(t, newServer(), request{method: "GET", path: "/v1/" + test.path, token: token})
		text, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		if status != test.status || !strings.Contains(string(text), test.want) {
			t.Errorf("%s of %q: %d %s, want %d %s", test.path, test.user, status, text, test.status, test.want)
		}
	}
}

func TestTokensEnd(t *testing.T) {
	s := newServer()
	ask := request{method: "GET", path: "/v1/" + api, token: "of-viewer"}
	s.Clock().Advance(59 * time.Minute)
	if status, _ := send(t, s, ask); status != 200 {
		t.Errorf("%d before its end", status)
	}
	s.Clock().Advance(2 * time.Minute)
	if status, _ := send(t, s, ask); status != 401 {
		t.Errorf("%d after its end", status)
	}
	s = newServer()
	s.RevokeTokens()
	if status, _ := send(t, s, ask); status != 401 {
		t.Errorf("%d after it was revoked", status)
	}
}

// federated is a Google that lets the jobs of acme/api in.
func federated() *gcp.Server {
	s := newServer()
	s.AddAccount(account, nil)
	s.AddProvider(provider, gcp.Provider{Keys: []*rsa.PublicKey{&key().PublicKey}, Issuer: "https://ci.test",
		Attributes: map[string]string{"attribute.repository": "repository"}, Condition: map[string]string{"ref": "main"}})
	s.Grant("principalSet://iam.googleapis.com/"+pool+"/attribute.repository/acme/api", gcp.WorkloadUser, account)
	s.Grant("serviceAccount:"+account, gcp.Accessor, "projects/acme")
	return s
}

// job is the form of an exchange, some of the token's claims and of the form
// changed.
func job(t *testing.T, s *gcp.Server, claims jwt.MapClaims, form map[string]string) url.Values {
	t.Helper()
	all := jwt.MapClaims{"iss": "https://ci.test", "aud": "https://iam.googleapis.com/" + provider, "sub": "x", "repository": "acme/api", "ref": "main",
		"exp": s.Clock().Now().Add(time.Minute).Unix()}
	for claim, value := range claims {
		all[claim] = value
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, all).SignedString(key())
	if err != nil {
		t.Fatal(err)
	}
	sent := url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "audience": {"//iam.googleapis.com/" + provider}, "scope": {"cloud-platform"},
		"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"}, "subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"}, "subject_token": {signed},
	}
	for name, value := range form {
		sent.Set(name, value)
	}
	return sent
}

func TestExchange(t *testing.T) {
	for name, test := range map[string]struct {
		claims jwt.MapClaims
		form   map[string]string
		status int
		code   string
	}{
		"good":              {status: 200},
		"several audiences": {claims: jwt.MapClaims{"aud": []string{"x", "https://iam.googleapis.com/" + provider}}, status: 200},
		"another audience":  {claims: jwt.MapClaims{"aud": "x"}, status: 400, code: "invalid_grant"},
		"another issuer":    {claims: jwt.MapClaims{"iss": "x"}, status: 400, code: "invalid_grant"},
		"another branch":    {claims: jwt.MapClaims{"ref": "wild"}, status: 403, code: "unauthorized_client"},
		"of yesterday":      {claims: jwt.MapClaims{"exp": 1}, status: 400, code: "invalid_grant"},
		"without an end":    {claims: jwt.MapClaims{"exp": nil}, status: 400, code: "invalid_grant"},
		"no JWT":            {form: map[string]string{"subject_token": "x"}, status: 400, code: "invalid_grant"},
		"no such provider":  {form: map[string]string{"audience": "//iam.googleapis.com/" + pool}, status: 400, code: "invalid_target"},
		"no scope":          {form: map[string]string{"scope": ""}, status: 400, code: "invalid_scope"},
		"another grant":     {form: map[string]string{"grant_type": "password"}, status: 400, code: "invalid_request"},
		"another type":      {form: map[string]string{"subject_token_type": "x"}, status: 400, code: "invalid_request"},
	} {
		s := federated()
		status, said := send(t, s, request{method: "POST", path: "/v1/token", form: job(t, s, test.claims, test.form)})
		if status != test.status || test.code != "" && code(said) != test.code {
			t.Errorf("%s: %d %v", name, status, said)
		}
	}
	s := federated()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s.AddProvider(provider, gcp.Provider{Keys: []*rsa.PublicKey{&other.PublicKey}, Issuer: "https://ci.test"})
	if status, said := send(t, s, request{method: "POST", path: "/v1/token", form: job(t, s, nil, nil)}); status != 400 || code(said) != "invalid_grant" {
		t.Errorf("another key: %d %v", status, said)
	}
}

func TestImpersonation(t *testing.T) {
	const body = `{"scope": ["cloud-platform"], "lifetime": "600s"}`
	for name, test := range map[string]struct {
		repository, email, body string
		status                  int
	}{
		"good":               {"acme/api", account, body, 200},
		"another repository": {"mallory/api", account, body, 403},
		"another account":    {"acme/api", "cd@acme.iam.gserviceaccount.com", body, 403},
		"no scope":           {"acme/api", account, `{}`, 400},
		"for ever":           {"acme/api", account, `{"scope": ["x"], "lifetime": "86401s"}`, 400},
	} {
		s := federated()
		_, said := send(t, s, request{method: "POST", path: "/v1/token", form: job(t, s, jwt.MapClaims{"repository": test.repository}, nil)})
		token, _ := said["access_token"].(string)
		status, said := send(t, s, request{method: "POST", path: "/v1/projects/-/serviceAccounts/" + test.email + ":generateAccessToken", token: token, body: test.body})
		if status != test.status {
			t.Errorf("%s: %d %v", name, status, said)
		}
		if status != 200 {
			continue
		}
		if said["expireTime"] != "2026-11-24T15:10:00Z" {
			t.Errorf("it ends at %v", said["expireTime"])
		}
		become, _ := said["accessToken"].(string)
		for _, read := range []struct {
			token  string
			status int
		}{{become, 200}, {token, 403}} {
			if status, _ := send(t, s, request{method: "GET", path: "/v1/" + api + "/versions/latest:access", token: read.token}); status != read.status {
				t.Errorf("%d, want %d", status, read.status)
			}
		}
	}
}

func TestMetadataServer(t *testing.T) {
	s := federated()
	ask := request{method: "GET", path: "/computeMetadata/v1/instance/service-accounts/default/token", header: http.Header{"Metadata-Flavor": {"Google"}}}
	if status, _ := send(t, s, ask); status != 404 {
		t.Errorf("%d where there is no machine", status)
	}
	s.SetMachine(account)
	status, said := send(t, s, ask)
	token, _ := said["access_token"].(string)
	if read, _ := send(t, s, request{method: "GET", path: "/v1/" + api + "/versions/latest:access", token: token}); status != 200 || read != 200 {
		t.Errorf("%d %v; read %d", status, said, read)
	}
	ask.header = nil
	if status, _ := send(t, s, ask); status != 403 {
		t.Errorf("%d without the header", status)
	}
}

func TestFaults(t *testing.T) {
	s := newServer()
	ask := request{method: "GET", path: "/v1/" + api + "/versions/latest:access", token: "of-owner"}
	for _, test := range []struct {
		effect gcp.Effect
		status int
		want   string
	}{
		{gcp.Echo(403), 403, "of-owner"}, {gcp.Failing(500), 500, "dGhyZWU="}, {gcp.Refuse(503), 503, "UNAVAILABLE"},
		{gcp.Because(403, "SERVICE_DISABLED"), 403, "SERVICE_DISABLED"}, {gcp.RateLimited(7), 429, "RESOURCE_EXHAUSTED"},
		{gcp.Precondition("Not now."), 400, "FAILED_PRECONDITION"}, {gcp.Damaged(), 200, "dWhyZWU="}, {gcp.Instead(`{"a": 1}`), 200, `{"a":1}`},
	} {
		s.Inject(gcp.Fault{When: gcp.On("GET", ask.path), Times: 1, Effect: test.effect})
		status, said := send(t, s, ask)
		text, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		if status != test.status || !strings.Contains(string(text), test.want) {
			t.Errorf("%d %s, want %d %s", status, text, test.status, test.want)
		}
	}
	if status, _ := send(t, s, ask); status != 200 {
		t.Errorf("%d after the faults", status)
	}
}
