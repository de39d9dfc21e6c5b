package gcp_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
	"github.com/keyplumb/keyplumb/sync/source/gcp"
	"github.com/keyplumb/keyplumb/sync/store"
)

var _ store.Describer = (*gcp.Source)(nil)

func TestPaths(t *testing.T) {
	s := newServer(t)
	s.Grant("serviceAccount:"+machine, emulator.Accessor, "projects/1234567890")
	s.Grant("serviceAccount:"+machine, emulator.Accessor, "projects/example.com:old")
	for _, name := range []string{api, "projects/1234567890/secrets/api", "projects/example.com:old/secrets/api", "projects/acme-prod/locations/europe-west4/secrets/api"} {
		s.Put(name, []byte("of "+name))
	}
	for _, test := range []struct{ path, location, want string }{
		{"api", "", api}, {"/api/", "", api}, {"acme-prod/api", "", api}, {api, "", api},
		{"1234567890/api", "", "projects/1234567890/secrets/api"},
		{"example.com:old/api", "", "projects/example.com:old/secrets/api"},
		{"api", "europe-west4", "projects/acme-prod/locations/europe-west4/secrets/api"},
		{"acme-prod/api", "europe-west4", "projects/acme-prod/locations/europe-west4/secrets/api"},
		{"projects/acme-prod/locations/europe-west4/secrets/api", "europe-west4", "projects/acme-prod/locations/europe-west4/secrets/api"},
	} {
		o := s.options()
		o.Location = test.location
		wanted{ref: store.Reference{Path: test.path}, value: "of " + test.want}.check(t, open(t, o))
	}
	s.ForgetRequests()
	for path, says := range map[string]string{
		"": "a secret's name has letters", "a b": "a secret's name has letters", "..": "a secret's name has letters", "acme-prod/..": "a secret's name has letters",
		"a?x=y": "a secret's name has letters", "a%2Fb": "a secret's name has letters", "../api": "the project is no id", "acme prod/api": "the project is no id",
		"acme.prod/api": "the project is no id", strings.Repeat("a", 256): "a secret's name has letters",
		"a/b/c": "no secret's name", "projects/acme-prod/api": "no secret's name", "folders/acme-prod/secrets/api": "no secret's name",
		api + "/versions/3": "put it into version", "projects/acme-prod/locations/europe-west4/secrets/api": "of another location",
	} {
		wanted{ref: store.Reference{Path: path}, kind: store.ErrInvalid, says: says}.check(t, open(t, s.options()))
	}
	o := s.options()
	o.Location = "europe-west4"
	wanted{ref: store.Reference{Path: api}, kind: store.ErrInvalid, says: "of another location"}.check(t, open(t, o))
	o = s.options()
	o.Project = ""
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrInvalid, says: "names no project"}.check(t, open(t, o))
	if asked := s.asked(); len(asked) != 0 {
		t.Errorf("asked %v", asked)
	}
}

func TestVersions(t *testing.T) {
	s := newServer(t)
	s.seesAges()
	for i := range 7 {
		s.Put(api, fmt.Appendf(nil, "value %d", i+1))
	}
	s.Put("projects/acme-prod/secrets/new", []byte("first"))
	s.SetAlias(api, "stable", 3)
	s.SetState(api, 1, emulator.Destroyed)
	s.SetState(api, 5, emulator.Disabled)
	s.SetState(api, 6, emulator.Destroyed)
	source := open(t, s.options())
	for version, want := range map[string]wanted{
		"": {value: "value 7"}, "latest": {value: "value 7"}, "3": {value: "value 3"}, "stable": {value: "value 3"}, "previous": {value: "value 4"},
		"1": {kind: store.ErrNotFound, says: "its version 1 was destroyed"}, "5": {kind: store.ErrDenied, says: "its version 5 is disabled"},
		"8": {kind: store.ErrNotFound, says: "there is no version 8 of it"}, "unstable": {kind: store.ErrNotFound, says: "there is no version unstable of it"},
		"0": {kind: store.ErrInvalid, says: "a number from 1, an alias"}, "03": {kind: store.ErrInvalid}, "-1": {kind: store.ErrInvalid}, "a/b": {kind: store.ErrInvalid}, "1:destroy": {kind: store.ErrInvalid},
	} {
		want.ref = store.Reference{Path: "api", Version: version}
		want.check(t, source)
	}
	wanted{ref: store.Reference{Path: "new", Version: "previous"}, kind: store.ErrNotFound, says: "there is no enabled version before the latest"}.check(t, source)
	wanted{ref: store.Reference{Path: "none", Version: "previous"}, kind: store.ErrNotFound, says: "there is no such secret"}.check(t, source)
	// Where the latest cannot be read, there is no current value; the previous
	// one is what it was.
	s.SetState(api, 7, emulator.Disabled)
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrDenied, says: "its latest version is disabled"}.check(t, source)
	wanted{ref: store.Reference{Path: "api", Version: "previous"}, value: "value 4"}.check(t, source)
	s.SetState(api, 7, emulator.Destroyed)
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrNotFound, says: "its latest version was destroyed"}.check(t, source)
}

// TestPreviousIsFarBack: the listing has pages.
func TestPreviousIsFarBack(t *testing.T) {
	s := newServer(t)
	s.seesAges()
	for i := range 260 {
		number := s.Put(api, fmt.Appendf(nil, "value %d", i+1))
		if i > 4 {
			s.SetState(api, number, emulator.Destroyed)
		}
	}
	source := open(t, s.options())
	wanted{ref: store.Reference{Path: "api", Version: "previous"}, value: "value 5"}.check(t, source)
	if n := s.asked()["GET acme-prod/secrets/api/versions"]; n != 3 {
		t.Errorf("%d pages were asked for", n)
	}
}

// TestAges: what is known of a secret beside its value goes with the reading,
// where it may be seen, and costs a request each.
func TestAges(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	s := newServer(t)
	s.Clock().Set(at)
	s.Put(api, []byte("one"))
	s.Clock().Advance(time.Hour)
	s.Put(api, []byte("two"))
	s.Describe(api, map[string]string{"owner": "payments", "env": "prod"}, at.AddDate(0, 1, 0))
	s.seesAges()
	for version, want := range map[string]store.Reading{
		"":         {Version: "2", Changed: at.Add(time.Hour)},
		"1":        {Version: "1", Changed: at},
		"previous": {Version: "1", Changed: at},
	} {
		s.ForgetRequests()
		source := open(t, s.options())
		want.Owner, want.Expires = "payments", at.AddDate(0, 1, 0)
		ref := store.Reference{Path: "api", Version: version}
		got := readOne(t, source, ref)
		if got.Err != nil || got.Version != want.Version || !got.Changed.Equal(want.Changed) || !got.Expires.Equal(want.Expires) || got.Owner != want.Owner {
			t.Errorf("%q: %+v, want %+v", version, got, want)
		}
		if requests, writes := source.Requests(); requests != 3 || writes != 0 {
			t.Errorf("%q: %d requests, %d writes", version, requests, writes)
		}
		described := source.Describe(t.Context(), []store.Reference{ref})[0]
		if described.Version != want.Version || !described.Changed.Equal(want.Changed) || !described.Expires.Equal(want.Expires) || described.Owner != want.Owner || !described.Value.IsEmpty() {
			t.Errorf("%q: described as %+v, want %+v", version, described, want)
		}
	}
}

// TestDescribeReadsNothing: for a question about age no right to read is wanted.
func TestDescribeReadsNothing(t *testing.T) {
	s := newServer(t)
	s.Deny("projects/acme-prod")
	s.seesAges()
	s.Put(api, []byte("value"))
	s.Put("projects/acme-prod/secrets/off", []byte("value"))
	s.SetState("projects/acme-prod/secrets/off", 1, emulator.Disabled)
	source := open(t, s.options())
	got := source.Describe(t.Context(), []store.Reference{{Path: "api", Field: "a"}, {Path: "off"}, {Path: "none"}, {Path: "a b"}, {Path: "api", Version: "9"}, {Path: "api", Version: "previous"}})
	if got[0].Err != nil || got[0].Version != "1" || got[0].Changed.IsZero() {
		t.Errorf("%+v", got[0])
	}
	for i, want := range map[int]wanted{1: {kind: store.ErrDenied, says: "is disabled"}, 2: {kind: store.ErrNotFound}, 3: {kind: store.ErrInvalid}, 4: {kind: store.ErrNotFound}, 5: {kind: store.ErrNotFound}} {
		want.judge(t, got[i])
	}
	for request := range s.asked() {
		if strings.HasSuffix(request, ":access") {
			t.Errorf("asked %s", request)
		}
	}
	s.Deny("projects/acme-prod")
	for _, got := range open(t, s.options()).Describe(t.Context(), []store.Reference{{Path: "api"}, {Path: "off"}}) {
		wanted{kind: store.ErrDenied, says: "roles/secretmanager.viewer"}.judge(t, got)
	}
}

// TestDeniedOnce: who may not look at ages is told so once, not for each secret.
func TestDeniedOnce(t *testing.T) {
	s := newServer(t)
	var refs []store.Reference
	for i := range 40 {
		name := fmt.Sprint("api-", i)
		s.Put("projects/acme-prod/secrets/"+name, []byte("value"))
		refs = append(refs, store.Reference{Path: name})
	}
	source := open(t, s.options())
	for range 2 {
		for _, got := range source.Read(t.Context(), refs) {
			if got.Err != nil || !got.Changed.IsZero() {
				t.Fatalf("%v, changed %v", got.Err, got.Changed)
			}
		}
	}
	if requests, _ := source.Requests(); requests != 2*40+2 {
		t.Errorf("%d requests", requests)
	}
	if got := s.asked(); got["GET /computeMetadata/v1/instance/service-accounts/default/token"] != 1 {
		t.Errorf("asked %v", maps.Collect(maps.All(got)))
	}
}

// TestDeniedLater: what may be seen of one secret may be kept from one of
// another.
func TestDeniedLater(t *testing.T) {
	s := newServer(t)
	s.Grant("serviceAccount:"+machine, emulator.Viewer, "projects/acme-prod/secrets/open")
	s.Put("projects/acme-prod/secrets/open", []byte("value"))
	s.Put("projects/acme-prod/secrets/closed", []byte("value"))
	source := open(t, s.options())
	if got := readOne(t, source, store.Reference{Path: "open"}); got.Err != nil || got.Changed.IsZero() {
		t.Errorf("%v, changed %v", got.Err, got.Changed)
	}
	if got := readOne(t, source, store.Reference{Path: "closed"}); got.Err != nil || !got.Changed.IsZero() {
		t.Errorf("%v, changed %v", got.Err, got.Changed)
	}
}

// TestAgesUnavailable: what could not be asked is no age, and is told.
func TestAgesUnavailable(t *testing.T) {
	for _, path := range []string{"/v1/" + api, "/v1/" + api + "/versions/1"} {
		s := newServer(t)
		s.seesAges()
		s.Put(api, []byte("value"))
		s.Inject(emulator.Fault{When: emulator.On("GET", path), Effect: emulator.Refuse(418)})
		wanted{ref: store.Reference{Path: "api"}, kind: store.ErrUnavailable}.check(t, open(t, s.options()))
	}
}

func TestFieldNames(t *testing.T) {
	s := newServer(t)
	s.Put(api, []byte(`{"user": "kp", "db": {"password": "x"}}`))
	got := readOne(t, open(t, s.options()), store.Reference{Path: "api", Field: "pass"})
	failed, ok := errors.AsType[*store.Error](got.Err)
	if !ok || !errors.Is(failed, store.ErrNoField) || strings.Join(failed.Fields, " ") != "db.password user" {
		t.Errorf("%v; there are %v", got.Err, failed)
	}
}

func TestNew(t *testing.T) {
	good := gcp.Options{Project: "acme-prod", Auth: gcp.Auth{Method: gcp.Default}}
	for _, location := range []string{"", "europe-west4", "us-central1", "me-central2"} {
		good.Location = location
		open(t, good)
	}
	good.Location = ""
	for name, change := range map[string]func(*gcp.Options){
		"clear text":              func(o *gcp.Options) { o.Address = "http://secrets.example.com" },
		"no URL":                  func(o *gcp.Options) { o.Address = "secrets" },
		"a host for a location":   func(o *gcp.Options) { o.Location = "x.mallory.example/" },
		"a path for a location":   func(o *gcp.Options) { o.Location = "europe-west4/../.." },
		"an at for a location":    func(o *gcp.Options) { o.Location = "a@mallory" },
		"no project":              func(o *gcp.Options) { o.Project = "acme/prod" },
		"a project that climbs":   func(o *gcp.Options) { o.Project = ".." },
		"a quota project of rows": func(o *gcp.Options) { o.Auth.QuotaProject = "a\r\nX-Other: b" },
		"no way to log in":        func(o *gcp.Options) { o.Auth.Method = "" },
		"no provider":             func(o *gcp.Options) { o.Auth.Method = gcp.OIDC },
		"metadata in clear text":  func(o *gcp.Options) { o.Auth.Metadata = "http://metadata.example.com" },
		"metadata on the network": func(o *gcp.Options) { o.Auth.Metadata = "http://10.0.0.1" },
	} {
		o := good
		change(&o)
		if _, err := gcp.New(o); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for location, want := range map[string]string{
		"": "https://secretmanager.googleapis.com", "europe-west4": "https://secretmanager.europe-west4.rep.googleapis.com",
	} {
		if got, err := gcp.Endpoint(location); got != want || err != nil {
			t.Errorf("%q is at %s, %v", location, got, err)
		}
	}
}

// TestNothingOfTheProcess: what stands in the process's own environment is for
// Google's own tools. Here it counts for nothing.
func TestNothingOfTheProcess(t *testing.T) {
	s := newServer(t)
	s.Put(api, []byte("value"))
	for name, value := range map[string]string{
		"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/mallory.json", "GCE_METADATA_HOST": "mallory.example", "CLOUDSDK_CONFIG": "/nowhere", "HOME": t.TempDir(),
		"GOOGLE_API_USE_MTLS_ENDPOINT": "always", "GOOGLE_API_USE_CLIENT_CERTIFICATE": "true", "EXPERIMENTAL_GOOGLE_API_USE_S2A": "true",
		"GOOGLE_CLOUD_UNIVERSE_DOMAIN": "mallory.example", "GOOGLE_CLOUD_QUOTA_PROJECT": "mallory", "GOOGLE_CLOUD_PROJECT": "mallory",
		"GOOGLE_SDK_GO_LOGGING_LEVEL": "debug", "GOOGLE_SDK_GO_EXPERIMENTAL_TRACING": "true",
	} {
		t.Setenv(name, value)
	}
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, open(t, s.options()))
	asked := map[string]bool{}
	o := s.options()
	o.Next = roundTrip(func(r *http.Request) (*http.Response, error) {
		asked[r.URL.Host] = true
		if r.Header.Get("X-Goog-User-Project") != "" {
			t.Errorf("%s is told of a quota project", r.URL.Host)
		}
		return inMemory{s.Server}.RoundTrip(r)
	})
	o.Address = ""
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, open(t, o))
	if !asked["secretmanager.googleapis.com"] || len(asked) != 2 {
		t.Errorf("asked %v", asked)
	}
}
