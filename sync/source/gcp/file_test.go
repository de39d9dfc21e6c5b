package gcp_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
	"github.com/keyplumb/keyplumb/sync/source/gcp"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A fields is a credentials file.
type fields map[string]any

// with gives a source that logs in with a credentials file.
func (s *server) with(t *testing.T, allow func(string) error, file fields) *gcp.Source {
	t.Helper()
	text, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	o := s.options()
	o.Auth = gcp.Auth{Method: gcp.Default, File: secretOf(string(text)), Allow: allow, Metadata: s.url}
	return open(t, o)
}

func anywhere(string) error { return nil }

// nowhere is what a job's guard says of what is not the job's own.
func nowhere(string) error {
	return &store.Error{Op: "log in", Kind: store.ErrDenied, Detail: "one place alone may not", Hint: "pass --allow-host"}
}

// privateKey is a service account's key as its file has it.
func privateKey(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// external is a credentials file as google-github-actions/auth writes one: the
// job's token comes from the runner's service.
func external(t *testing.T, s *server, source fields) fields {
	t.Helper()
	return fields{
		"type": "external_account", "universe_domain": "googleapis.com",
		"audience": "//iam.googleapis.com/" + provider, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
		"token_url":                         s.url + "/v1/token",
		"service_account_impersonation_url": s.url + "/v1/projects/-/serviceAccounts/" + machine + ":generateAccessToken",
		"credential_source":                 source,
	}
}

func runner(t *testing.T) *httptest.Server {
	t.Helper()
	token := jobToken(t, "https://iam.googleapis.com/"+provider, nil)
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer of-the-runner" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, `{"count": 1, "value": %q}`, token.Reveal())
	}))
	t.Cleanup(listening.Close)
	return listening
}

func fromRunner(at string) fields {
	return fields{"url": at, "headers": fields{"Authorization": "Bearer of-the-runner"}, "format": fields{"type": "json", "subject_token_field_name": "value"}}
}

func TestCredentialsFiles(t *testing.T) {
	s, _ := federation(t)
	account := "sync@acme-prod.iam.gserviceaccount.com"
	s.AddAccount(account, &key().PublicKey)
	s.AddUser("dev@acme.example", "of-the-user")
	for _, member := range []string{"serviceAccount:" + account, "user:dev@acme.example"} {
		s.Grant(member, emulator.Accessor, "projects/acme-prod")
		s.Grant(member, emulator.WorkloadUser, machine)
	}
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, jobToken(t, "https://iam.googleapis.com/"+provider, nil).Reveal(), 0o600); err != nil {
		t.Fatal(err)
	}
	serviceAccount := fields{"type": "service_account", "project_id": "acme-prod", "private_key_id": "1", "private_key": privateKey(t, key()), "client_email": account, "token_uri": s.url + "/token"}
	for name, file := range map[string]fields{
		"a job of GitHub Actions": external(t, s, fromRunner(runner(t).URL+"/token?audience=x")),
		"a token in a file":       external(t, s, fields{"file": token}),
		"a service account's key": serviceAccount,
		"one that becomes another": {"type": "impersonated_service_account", "source_credentials": serviceAccount,
			"service_account_impersonation_url": s.url + "/v1/projects/-/serviceAccounts/" + machine + ":generateAccessToken"},
	} {
		t.Run(name, func(t *testing.T) {
			wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, s.with(t, anywhere, file))
			wanted{ref: store.Reference{Path: "api"}, kind: store.ErrDenied, says: "pass --allow-host"}.check(t, s.with(t, nowhere, file))
			wanted{ref: store.Reference{Path: "api"}, kind: store.ErrDenied, says: "refuses to send this credential"}.check(t, s.with(t, nil, file))
		})
	}
}

// TestUsersFile: a user's file names no address, so it is Google's own that is
// asked.
func TestUsersFile(t *testing.T) {
	s := newServer(t)
	s.Put(api, []byte("value"))
	s.AddUser("dev@acme.example", "of-the-user")
	s.Grant("user:dev@acme.example", emulator.Accessor, "projects/acme-prod")
	var quota atomic.Value
	next := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "oauth2.googleapis.com" || r.URL.Host == "secretmanager.googleapis.com" {
			quota.Store(r.Header.Get("X-Goog-User-Project"))
			return inMemory{s.Server}.RoundTrip(r)
		}
		return nil, fmt.Errorf("%s is asked", r.URL.Host)
	})
	user := fields{"type": "authorized_user", "client_id": "id", "client_secret": "none", "refresh_token": "of-the-user", "quota_project_id": "acme-bills"}
	text, err := json.Marshal(user)
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{"": "acme-bills", "acme-other": "acme-other"} {
		source := open(t, gcp.Options{Project: "acme-prod", Next: next, Auth: gcp.Auth{Method: gcp.Default, File: secretOf(string(text)), Allow: nowhere, QuotaProject: given}})
		wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, source)
		if got := quota.Load(); got != want {
			t.Errorf("the quota project is %v, want %s", got, want)
		}
	}
	user["refresh_token"] = "of-nobody"
	if text, err = json.Marshal(user); err != nil {
		t.Fatal(err)
	}
	source := open(t, gcp.Options{Project: "acme-prod", Next: next, Auth: gcp.Auth{Method: gcp.Default, File: secretOf(string(text))}})
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrUnauthentic, says: "log in again: gcloud auth application-default login"}.check(t, source)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestBadFiles are refused before anything is asked, and none of them is shown.
func TestBadFiles(t *testing.T) {
	s, _ := federation(t)
	s.ForgetRequests()
	planted := filepath.Join(t.TempDir(), "planted")
	program := fields{"executable": fields{"command": "/bin/touch " + planted, "timeout_millis": 5000}, "file": "/dev/null"}
	t.Setenv("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")
	hidden := canary()
	for name, file := range map[string]fields{
		"of no type":              {"private_key": hidden},
		"of another type":         {"type": "gdch_service_account", "private_key": hidden, "token_uri": s.url},
		"a program":               external(t, s, program),
		"a certificate":           external(t, s, fields{"certificate": fields{"certificate_config_location": hidden}, "file": "/dev/null"}),
		"a machine of AWS":        external(t, s, fields{"environment_id": "aws1", "regional_cred_verification_url": s.url + hidden}),
		"a quota project of rows": {"type": "authorized_user", "client_id": "x", "client_secret": "x", "refresh_token": "x", "quota_project_id": "a\n" + hidden},
		"no source":               external(t, s, nil),
		"a program, inside":       {"type": "impersonated_service_account", "service_account_impersonation_url": s.url, "source_credentials": external(t, s, program)},
		"inside the inside":       {"type": "impersonated_service_account", "service_account_impersonation_url": s.url, "source_credentials": fields{"type": "impersonated_service_account", "source_credentials": external(t, s, program)}},
		"nothing inside":          {"type": "impersonated_service_account", "service_account_impersonation_url": s.url + hidden},
		"an account of no key":    {"type": "service_account", "client_email": hidden, "token_uri": s.url},
	} {
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		o := s.options()
		o.Auth = gcp.Auth{Method: gcp.Default, File: secretOf(string(text)), Allow: anywhere}
		if _, err := gcp.New(o); !errors.Is(err, store.ErrUnauthentic) || store.Hint(err) == "" || strings.Contains(err.Error(), hidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{hidden, "[]", "null", `"` + hidden + `"`, `{"type": {"` + hidden + `": 1}}`} {
		o := s.options()
		o.Auth = gcp.Auth{Method: gcp.Default, File: secretOf(text), Allow: anywhere}
		if _, err := gcp.New(o); !errors.Is(err, store.ErrUnauthentic) || strings.Contains(err.Error(), hidden) {
			t.Errorf("%.20s: %v", text, err)
		}
	}
	if _, err := os.Stat(planted); err == nil || len(s.asked()) != 0 {
		t.Errorf("the program was run, or %v was asked", s.asked())
	}
}

// TestFileOfGarbage: what only shows when it is used is told, too, and is not
// shown.
func TestFileOfGarbage(t *testing.T) {
	s, _ := federation(t)
	hidden := canary()
	for name, file := range map[string]fields{
		"a key that is none":       {"type": "service_account", "client_email": "a@b", "private_key": hidden, "token_uri": s.url + "/token"},
		"an address that is none":  {"type": "service_account", "client_email": "a@b", "private_key": privateKey(t, key()), "token_uri": ":" + hidden},
		"a file that is not there": external(t, s, fields{"file": "/nowhere/" + hidden}),
		"a runner that refuses":    external(t, s, fields{"url": runner(t).URL + "/" + hidden}),
		"a runner's odd answer":    external(t, s, fields{"url": echoing(t), "headers": fields{"X-Hidden": hidden}, "format": fields{"type": "json", "subject_token_field_name": "value"}}),
	} {
		got := readOne(t, s.with(t, anywhere, file), store.Reference{Path: "api"})
		text := fmt.Sprint(got.Err, store.Hint(got.Err))
		if got.Err == nil || errors.Is(got.Err, store.ErrNotFound) || strings.Contains(text, hidden) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func echoing(t *testing.T) string {
	t.Helper()
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("X-Hidden")) }))
	t.Cleanup(listening.Close)
	return listening.URL
}
