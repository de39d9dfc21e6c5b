package gcp_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
	"github.com/keyplumb/keyplumb/sync/source/gcp"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestRefusals tells apart what a user can do something about.
func TestRefusals(t *testing.T) {
	const access = "/v1/" + api + "/versions/latest:access"
	fault := func(effect emulator.Effect) func(*server) {
		return func(s *server) { s.Inject(emulator.Fault{When: emulator.On("GET", access), Effect: effect}) }
	}
	instead403 := func(message string) func(*server) { return fault(emulator.Saying(403, message)) }
	notFound := func(text string) func(*server) { return fault(emulator.InsteadOf(404, text)) }
	instead := func(text string) func(*server) { return fault(emulator.Instead(text)) }
	for name, test := range map[string]struct {
		spoil func(*server)
		wanted
	}{
		"denied": {func(s *server) { s.Deny("projects/acme-prod") },
			wanted{kind: store.ErrDenied, says: "the secret is not there, or this credential may not read it"}},
		"denied, and what to do": {func(s *server) { s.Deny("projects/acme-prod") },
			wanted{kind: store.ErrDenied, says: "gcloud secrets add-iam-policy-binding api --project=acme-prod --role=roles/secretmanager.secretAccessor"}},
		"not there":          {func(s *server) { s.Remove(api) }, wanted{kind: store.ErrNotFound, says: "there is no such secret"}},
		"a token of nobody":  {fault(emulator.Refuse(401)), wanted{kind: store.ErrUnauthentic, says: "does not take it, or it has run out"}},
		"the API is off":     {fault(emulator.Because(403, "SERVICE_DISABLED")), wanted{kind: store.ErrDenied, says: "gcloud services enable secretmanager.googleapis.com --project=acme-prod"}},
		"a narrow token":     {fault(emulator.Because(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")), wanted{kind: store.ErrDenied, says: "the scope cloud-platform"}},
		"no quota project":   {fault(emulator.Because(403, "USER_PROJECT_DENIED")), wanted{kind: store.ErrDenied, says: "set-quota-project"}},
		"no billing account": {fault(emulator.Because(403, "BILLING_DISABLED")), wanted{kind: store.ErrDenied, says: "gcloud billing projects link acme-prod"}},
		"a user's own file": {instead403("The secretmanager.googleapis.com API requires a quota project, which is not set by default."),
			wanted{kind: store.ErrDenied, says: "set-quota-project"}},
		"a perimeter":          {fault(emulator.Because(403, "SECURITY_POLICY_VIOLATED")), wanted{kind: store.ErrDenied, says: "service perimeter"}},
		"an odd precondition":  {fault(emulator.Precondition("The key is not there.")), wanted{kind: store.ErrDenied, says: "or its encryption key is"}},
		"damaged":              {fault(emulator.Damaged()), wanted{kind: store.ErrUnreadable, says: "CRC32C"}},
		"no checksum":          {instead(`{"name": "` + api + `/versions/1", "payload": {"data": "dmFsdWU="}}`), wanted{kind: store.ErrUnreadable, says: "CRC32C"}},
		"another secret's":     {instead(`{"name": "projects/1/secrets/web/versions/1", "payload": {"data": "dmFsdWU=", "dataCrc32c": "1"}}`), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"no version":           {instead(`{"name": "` + api + `/versions/latest", "payload": {}}`), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"nothing":              {instead(`{}`), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"no base64":            {instead(`{"name": "` + api + `/versions/1", "payload": {"data": "%%%", "dataCrc32c": "1"}}`), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"half an answer":       {fault(emulator.Malformed()), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"a proxy's page":       {fault(emulator.EchoText(200)), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"a proxy's 404":        {fault(emulator.EchoText(404)), wanted{kind: store.ErrUnavailable, says: "could not be read"}},
		"a proxy's JSON":       {fault(emulator.Saying(404, "Not found.")), wanted{kind: store.ErrInvalid, says: "are project and location right"}},
		"another's JSON":       {notFound(`{"error": "not_found"}`), wanted{kind: store.ErrUnavailable, says: "is the address right?"}},
		"a project's 404":      {fault(emulator.Saying(404, "Requested project not found or user does not have access to project.")), wanted{kind: store.ErrInvalid, says: "are project and location right"}},
		"a 410":                {fault(emulator.InsteadOf(410, `{"error": {"code": 404, "status": "NOT_FOUND", "message": "Secret [x] not found."}}`)), wanted{kind: store.ErrInvalid, says: "are project and location right"}},
		"a 418":                {fault(emulator.Refuse(418)), wanted{kind: store.ErrUnavailable, says: "audit log"}},
		"a proxy's 403":        {fault(emulator.EchoText(403)), wanted{kind: store.ErrDenied, says: "none of Google's"}},
		"an answer over a cap": {fault(emulator.Oversized(2 << 20)), wanted{kind: store.ErrUnavailable, says: "too long"}},
		"a redirect":           {fault(emulator.Redirect(302, "https://mallory.example/")), wanted{kind: store.ErrMoved, says: "where the token does not go"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.Put(api, []byte("value"))
			test.spoil(s)
			test.ref = store.Reference{Path: "api"}
			test.check(t, open(t, s.options()))
		})
	}
}

// TestStateIsAsked: where the words do not tell a version's state, it is asked
// for, if it may be seen.
func TestStateIsAsked(t *testing.T) {
	for state, want := range map[emulator.State]wanted{emulator.Disabled: {kind: store.ErrDenied, says: "is disabled"}, emulator.Destroyed: {kind: store.ErrNotFound, says: "was destroyed"}} {
		s := newServer(t)
		s.seesAges()
		s.Put(api, []byte("value"))
		s.SetState(api, 1, state)
		s.Inject(emulator.Fault{When: emulator.On("GET", "/v1/"+api+"/versions/1:access"), Effect: emulator.Precondition("Not now.")})
		want.ref = store.Reference{Path: "api", Version: "1"}
		want.check(t, open(t, s.options()))
	}
}

// TestPreviousNeedsMore: to know which version is the previous one, one must be
// let list them.
func TestPreviousNeedsMore(t *testing.T) {
	s := newServer(t)
	s.Put(api, []byte("one"))
	s.Put(api, []byte("two"))
	wanted{ref: store.Reference{Path: "api", Version: "previous"}, kind: store.ErrDenied, says: "roles/secretmanager.viewer"}.check(t, open(t, s.options()))
}

// TestNoMachine: where no metadata server is, or one of somebody else's, there
// are no credentials.
func TestNoMachine(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"nothing": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) },
		"Azure's": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":"Bad request"}`, http.StatusBadRequest)
		},
		"a login's page": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"a token of whom": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"access_token": "x", "expires_in": 3600}`)
		},
	} {
		listening := httptest.NewServer(handler)
		t.Cleanup(listening.Close)
		source := open(t, gcp.Options{Project: "acme-prod", Auth: gcp.Auth{Method: gcp.Default, Metadata: listening.URL}})
		got := readOne(t, source, store.Reference{Path: "api"})
		if text := fmt.Sprint(got.Err, store.Hint(got.Err)); !errors.Is(got.Err, store.ErrUnauthentic) || !strings.Contains(text, "gcloud auth application-default login") {
			t.Errorf("%s: %s", name, text)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		nobody := roundTrip(func(*http.Request) (*http.Response, error) { return nil, &net.OpError{Op: "dial", Err: io.EOF} })
		source := open(t, gcp.Options{Project: "acme-prod", Auth: gcp.Auth{Method: gcp.Default}, Next: nobody})
		wanted{ref: store.Reference{Path: "api"}, kind: store.ErrUnauthentic, says: "this is no machine of Google's"}.check(t, source)
	})
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

// offline is a Google without a network.
func offline() (*emulator.Server, gcp.Options) {
	e := emulator.New(emulator.Options{})
	e.SetMachine(machine)
	e.Grant("serviceAccount:"+machine, emulator.Accessor, "projects/acme-prod")
	e.Put(api, []byte("value"))
	return e, gcp.Options{Project: "acme-prod", Next: inMemory{e}, Auth: gcp.Auth{Method: gcp.Default}}
}

// TestThrottled: a quota is waited for, as long as patience lasts, with a word
// on how long and without.
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
				e, o := offline()
				e.Inject(emulator.Fault{When: func(_ int, _, path string) bool { return strings.HasSuffix(path, ":access") }, Times: test.times, Effect: emulator.RateLimited(test.after)})
				source := open(t, o)
				started := time.Now()
				got := readOne(t, source, store.Reference{Path: "api"})
				if took := time.Since(started); !errors.Is(got.Err, test.kind) || took != test.took {
					t.Errorf("%v after %v, want %v after %v", got.Err, took, test.kind, test.took)
				}
			})
		})
	}
}

// TestAllHung: many secrets take no longer than one.
func TestAllHung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, o := offline()
		e.Inject(emulator.Fault{When: strangers, Effect: emulator.Hang()})
		var refs []store.Reference
		for i := range 40 {
			refs = append(refs, store.Reference{Path: fmt.Sprint("api-", i)})
		}
		started := time.Now()
		for _, got := range open(t, o).Read(t.Context(), refs) {
			if !errors.Is(got.Err, store.ErrUnavailable) || store.Hint(got.Err) == "" {
				t.Errorf("%v hint: %s", got.Err, store.Hint(got.Err))
			}
		}
		if took := time.Since(started); took > 3*time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

// TestHung: a server that never answers ends a run in a bounded time, and a
// machine that is none of Google's is soon known to be.
func TestHung(t *testing.T) {
	for path, most := range map[string]time.Duration{"/v1/": 3 * time.Minute, "/computeMetadata/": 30 * time.Second} {
		t.Run(strings.Trim(path, "/"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, o := offline()
				e.Inject(emulator.Fault{When: func(_ int, _, asked string) bool { return strings.HasPrefix(asked, path) }, Effect: emulator.Hang()})
				source := open(t, o)
				started := time.Now()
				got := readOne(t, source, store.Reference{Path: "api"})
				if took := time.Since(started); got.Err == nil || took == 0 || took > most {
					t.Errorf("%v after %v", got.Err, took)
				}
			})
		})
	}
}
