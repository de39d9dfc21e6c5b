package azure_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/store"
)

// recorder is a module of Azure's own that holds what a real Key Vault answered
// to its tests.
const recorder = "github.com/Azure/azure-sdk-for-go/sdk/keyvault/azsecrets@v0.4.0"

// TestServers has the source read what a real Key Vault answered, and the
// emulator answer the same requests. There is no Key Vault to be had for tests;
// its answers are, and are fetched where KEYPLUMB_TEST_SERVERS is set: make
// test-servers.
func TestServers(t *testing.T) {
	if os.Getenv("KEYPLUMB_TEST_SERVERS") == "" {
		t.Skip("LEFT OUT: the recorded answers of a real Key Vault, against the source azure and its emulator; make test-servers runs it")
	}
	for _, name := range []string{"TestSetGetSecret", "TestListSecretVersions", "TestUpdateSecretProperties", "TestDeleteSecret", "TestListSecrets"} {
		exchanges := recorded(t, name)
		t.Run(name+", read", func(t *testing.T) { readsRecorded(t, exchanges) })
		t.Run(name+", emulated", func(t *testing.T) { emulates(t, exchanges) })
	}
}

// An exchange is one request of a recording, and its answer.
type exchange struct {
	RequestURI      string          `json:"RequestUri"`
	RequestMethod   string          `json:"RequestMethod"`
	RequestBody     json.RawMessage `json:"RequestBody"`
	StatusCode      int             `json:"StatusCode"`
	ResponseHeaders map[string]any  `json:"ResponseHeaders"`
	ResponseBody    json.RawMessage `json:"ResponseBody"`
}

func (e exchange) path() string {
	u, err := url.Parse(e.RequestURI)
	if err != nil {
		return ""
	}
	return u.Path
}

// recorded gives a recording of the module, which Go fetches and checks.
func recorded(t *testing.T, name string) []exchange {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", recorder)
	command.Dir = t.TempDir() // of no module
	said, err := command.Output()
	var module struct{ Dir string }
	if err != nil || json.Unmarshal(said, &module) != nil {
		t.Fatalf("go mod download: %v\n%s", err, said)
	}
	text, err := os.ReadFile(filepath.Join(module.Dir, "testdata", "recordings", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var recording struct{ Entries []exchange }
	if err := json.Unmarshal(text, &recording); err != nil || len(recording.Entries) < 4 {
		t.Fatalf("%d exchanges, %v", len(recording.Entries), err)
	}
	return recording.Entries
}

// replay writes an answer as it was.
func replay(w http.ResponseWriter, e exchange) {
	for name, value := range e.ResponseHeaders {
		if text, ok := value.(string); ok && !strings.EqualFold(name, "Content-Length") {
			w.Header().Set(name, text)
		}
	}
	w.WriteHeader(e.StatusCode)
	_, _ = w.Write(e.ResponseBody) // to memory
}

// readsRecorded has the source read each secret of a recording, by a vault that
// gives the recorded answers.
func readsRecorded(t *testing.T, exchanges []exchange) {
	challenge := exchanges[slices.IndexFunc(exchanges, func(e exchange) bool { return e.StatusCode == http.StatusUnauthorized })]
	read := 0
	for at, e := range exchanges {
		name, list := strings.CutSuffix(strings.Trim(strings.TrimPrefix(e.path(), "/secrets/"), "/"), "/versions")
		if e.RequestMethod != http.MethodGet || !strings.HasPrefix(e.path(), "/secrets/") {
			continue
		}
		s, h := inMemory(t)
		h.handlers[realVault] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch path := r.URL.Path; {
			case r.Header.Get("Authorization") == "":
				replay(w, challenge)
			case strings.HasPrefix(path, "/deletedsecrets/"):
				later := slices.IndexFunc(exchanges[:at], func(x exchange) bool { return x.path() == path && x.StatusCode == http.StatusOK })
				replay(w, exchanges[later])
			default:
				replay(w, e)
			}
		})
		source, ref := open(t, s.real(h)), store.Reference{Path: name}
		var body struct {
			Value      string
			ID         string
			Attributes struct{ Created, Exp int64 }
		}
		if err := json.Unmarshal(e.ResponseBody, &body); err != nil && !list {
			t.Fatal(err)
		}
		read++
		switch {
		case list: // of versions that were made in one second
			if got := source.Describe(t.Context(), []store.Reference{ref})[0]; store.Reason(got.Err) == "" || !strings.Contains(got.Err.Error(), "in the same second") {
				t.Errorf("versions of %s: %+v", name, got)
			}
		case e.StatusCode == http.StatusNotFound:
			wanted{ref: ref, kind: store.ErrNotFound, says: "it was deleted at 2022-01-12"}.check(t, source)
		default:
			got := readOne(t.Context(), t, source, ref)
			if got.Err != nil || string(got.Value.Reveal()) != body.Value || !strings.HasSuffix(body.ID, "/"+got.Version) || got.Changed.Unix() != body.Attributes.Created ||
				body.Attributes.Exp != 0 && !got.Expires.Equal(time.Unix(body.Attributes.Exp, 0)) {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
	if read == 0 && !slices.ContainsFunc(exchanges, func(e exchange) bool { return e.path() == "/secrets" }) {
		t.Error("nothing was read")
	}
}

// emulates has the emulator answer a recording's requests, and compares what the
// answers are made of.
func emulates(t *testing.T, exchanges []exchange) {
	s, _ := inMemory(t)
	s.Grant(client, "get", "list", "set", "delete", "purge")
	token := s.entra.Issue(tenant, client).Value
	for at, e := range exchanges {
		if e.StatusCode == http.StatusNotFound && strings.HasPrefix(e.path(), "/deletedsecrets/") {
			continue // a real deletion takes a while
		}
		r := httptest.NewRequestWithContext(t.Context(), e.RequestMethod, e.RequestURI, bytes.NewReader(e.RequestBody))
		if e.StatusCode != http.StatusUnauthorized {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		s.Vault.ServeHTTP(w, r)
		got, want := shape("", decoded(w.Body.Bytes())), shape("", decoded(e.ResponseBody))
		if w.Code != e.StatusCode || !maps.Equal(got, want) {
			t.Errorf("%d: %s %s: %d %v, want %d %v", at, e.RequestMethod, e.path(), w.Code, got, e.StatusCode, want)
		}
		if challenged := w.Header().Get("WWW-Authenticate") != ""; challenged != (e.StatusCode == http.StatusUnauthorized) {
			t.Errorf("%d: challenged: %v", at, challenged)
		}
	}
}

func decoded(text []byte) (value any) {
	_ = json.Unmarshal(text, &value) // an answer without a body is nil
	return value
}

// shape tells what a JSON value is made of: the kind of each of its parts, and
// the codes of errors.
func shape(path string, value any) map[string]string {
	out := map[string]string{}
	switch value := value.(type) {
	case map[string]any:
		out[path] = "object"
		for name, inner := range value {
			maps.Copy(out, shape(path+"."+name, inner))
		}
	case []any:
		out[path] = fmt.Sprint("list of ", len(value))
		for _, inner := range value {
			maps.Copy(out, shape(path+"[]", inner))
		}
	default:
		out[path] = fmt.Sprintf("%T", value)
		if strings.HasSuffix(path, ".code") {
			out[path] = fmt.Sprint(value)
		}
	}
	return out
}
