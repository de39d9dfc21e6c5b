package kubernetes_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
)

// A pair is the real API server and an emulated one that hold the same.
type pair struct {
	emulated  *emulator.Server
	address   string // of the emulated one
	namespace string
	theirs    map[string]string // tokens at the real server
}

const metadataOnly = "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{emulated: emulator.New(emulator.Options{}), namespace: live.namespace(t, "same")}
	served := httptest.NewServer(p.emulated)
	t.Cleanup(served.Close)
	p.address = served.URL
	p.theirs = map[string]string{"": "", "admin": live.admin, "nobody": live.user, "wrong": "wrong"}
	p.emulated.AddToken("admin", emulator.User{Name: "admin", Groups: []string{"system:masters"}})
	p.emulated.BindGroup("", "system:masters", emulator.Role{Verbs: []string{"*"}, Resources: []string{"*"}})
	p.emulated.BindGroup("", "system:masters", emulator.Role{Verbs: []string{"*"}, Paths: []string{"*"}})
	p.emulated.AddToken("nobody", emulator.User{Name: "ci"})
	p.user(t, "named", "api")
	p.user(t, "all")
	return p
}

// user makes a service account that may read some Secrets, or all.
func (p *pair) user(t *testing.T, name string, names ...string) {
	t.Helper()
	account, token := live.account(t, p.namespace, name)
	live.bind(t, p.namespace, account, names...)
	p.theirs[name] = token
	p.emulated.AddToken(name, emulator.User{Name: account})
	p.emulated.Bind(p.namespace, account, emulator.Role{Verbs: []string{"get"}, Names: names})
}

// put makes a Secret in both.
func (p *pair) put(t *testing.T, name string, made emulator.Secret) {
	t.Helper()
	metadata := fields{"name": name}
	if made.Labels != nil {
		metadata["labels"] = made.Labels
	}
	if made.Annotations != nil {
		metadata["annotations"] = made.Annotations
	}
	live.do(t, "POST", "/api/v1/namespaces/"+p.namespace+"/secrets?fieldManager=kubectl-create", fields{"metadata": metadata, "type": made.Type, "data": made.Data})
	p.emulated.Put(p.namespace, name, made)
}

// TestAnsweredAlike asks both the same, and compares each answer: status,
// headers, every field, every word.
func TestAnsweredAlike(t *testing.T) {
	p := newPair(t)
	p.put(t, "api", emulator.Secret{Data: map[string][]byte{"KEY": []byte("value"), "a.b": []byte("\xff\x00"), "EMPTY": {}}})
	p.put(t, "marked", emulator.Secret{Type: "kubernetes.io/basic-auth", Data: map[string][]byte{"username": []byte("u"), "password": []byte("p")},
		Labels: map[string]string{"app": "web"}, Annotations: map[string]string{"owner": "payments"}})
	p.put(t, "bare", emulator.Secret{})
	secrets := "/api/v1/namespaces/" + p.namespace + "/secrets"
	for _, token := range []string{"", "wrong", "nobody", "named", "all", "admin"} {
		for _, step := range []struct{ method, path, accept string }{
			{"GET", secrets + "/api", "Accept: application/json"},
			{"GET", secrets + "/api", "Accept: application/json, */*"},
			{"GET", secrets + "/api", metadataOnly},
			{"GET", secrets + "/marked", "Accept: application/json"},
			{"GET", secrets + "/marked", metadataOnly},
			{"GET", secrets + "/bare", "Accept: application/json"},
			{"GET", secrets + "/none", "Accept: application/json"},
			{"GET", secrets + "/none", metadataOnly},
			{"GET", secrets + "/api", "Accept: text/html"},
			{"GET", secrets, "Accept: application/json"},
			{"GET", secrets, strings.Replace(metadataOnly, "Metadata;", "MetadataList;", 1)},
			{"GET", secrets + "/api", strings.Replace(metadataOnly, "PartialObjectMetadata", "Nonsense", 1)},
			{"GET", "/api/v1/namespaces/no-such-namespace/secrets/api", "Accept: application/json"},
			{"GET", "/api/v1/namespaces/no-such-namespace/secrets", "Accept: application/json"},
			{"GET", "/nowhere", "Accept: application/json"},
		} {
			p.same(t, token, step.method, step.path, step.accept)
		}
	}
	for _, token := range []string{"named", "admin"} {
		p.same(t, token, "GET", secrets+"/api", "Impersonate-User: somebody")
		p.same(t, token, "GET", secrets+"/api", "Impersonate-User: somebody", "Impersonate-Group: system:masters")
	}
}

// same sends a request to both, and fails unless they answer alike.
func (p *pair) same(t *testing.T, token, method, path string, headers ...string) {
	t.Helper()
	theirs, err := live.send(t.Context(), p.theirs[token], method, path, nil, headers...)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := send(t.Context(), http.DefaultTransport, p.address, token, method, path, nil, headers...)
	if err != nil {
		t.Fatal(err)
	}
	if theirs.status != ours.status {
		t.Errorf("%s %s %q as %q: the API server answers\n%d %s\nand the emulator\n%d %s", method, path, headers, token, theirs.status, theirs.text, ours.status, ours.text)
		return
	}
	for _, header := range []string{"Content-Type", "Cache-Control", "Warning"} {
		if theirs.header.Get(header) != ours.header.Get(header) {
			t.Errorf("%s %s %q as %q: %s is %q with the API server, %q with the emulator", method, path, headers, token, header, theirs.header.Get(header), ours.header.Get(header))
		}
	}
	if a, b := parsed(theirs.text), parsed(ours.text); !reflect.DeepEqual(a, b) {
		t.Errorf("%s %s %q as %q: the API server answers\n%s\nand the emulator\n%s", method, path, headers, token, text(t, a), text(t, b))
	}
}

// own are the fields whose values are each server's own.
var own = map[string]bool{"uid": true, "resourceVersion": true}

// parsed reads an answer; what is no JSON is compared as text.
func parsed(text string) any {
	var read any
	if json.Unmarshal([]byte(text), &read) != nil {
		return strings.TrimSpace(text)
	}
	return plain(read)
}

func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, held := range value {
			at, isText := held.(string)
			_, notTime := time.Parse(time.RFC3339, at)
			if isText && at != "" && (own[name] || notTime == nil) {
				held = "its own"
			}
			value[name] = plain(held)
		}
	case []any:
		for i := range value {
			value[i] = plain(value[i])
		}
	}
	return value
}

func text(t *testing.T, value any) string {
	t.Helper()
	written, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}
