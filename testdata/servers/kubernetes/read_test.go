package kubernetes_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestRights: what RBAC denies is told with the rule that is missing, and the
// rule is the right one.
func TestRights(t *testing.T) {
	namespace := live.namespace(t, "rights")
	live.put(t, namespace, "api", map[string][]byte{"KEY": []byte("value")})
	live.put(t, namespace, "other", map[string][]byte{"KEY": []byte("of the other")})
	user, token := live.account(t, namespace, "reader")
	source := openJob(t, namespace, token, &http.Transport{TLSClientConfig: live.tls()})
	read := func(path string) store.Reading {
		t.Helper()
		return source.Read(t.Context(), []store.Reference{{Path: path, Field: "KEY"}})[0]
	}
	denied := read("api")
	if hint := store.Hint(denied.Err); !errors.Is(denied.Err, store.ErrDenied) || !strings.Contains(hint, `resourceNames: ["api"], verbs: ["get"]`) || !strings.Contains(hint, namespace) {
		t.Fatalf("%v (%s)", denied.Err, hint)
	}
	live.bind(t, namespace, user, "api") // as the hint says
	if got := read("api"); got.Err != nil || string(got.Value.Reveal()) != "value" {
		t.Errorf("%v", got.Err)
	}
	for path, kind := range map[string]error{"other": store.ErrDenied, "none": store.ErrDenied, "kube-system/api": store.ErrDenied} {
		if got := read(path); !errors.Is(got.Err, kind) {
			t.Errorf("%s: %v, want %v", path, got.Err, kind)
		}
	}
	// Who may read all is told what is not there.
	source = openJob(t, namespace, live.admin, &http.Transport{TLSClientConfig: live.tls()})
	for _, path := range []string{"none", "no-such-namespace/api"} {
		if got := read(path); !errors.Is(got.Err, store.ErrNotFound) || !strings.Contains(got.Err.Error(), "has no such secret") {
			t.Errorf("%s: %v", path, got.Err)
		}
	}
}

// TestTypes: a secret of any type is its fields.
func TestTypes(t *testing.T) {
	namespace := live.namespace(t, "types")
	certificate, key, err := live.ca.issue("jane", time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	source := openJob(t, namespace, live.admin, &http.Transport{TLSClientConfig: live.tls()})
	for kind, data := range map[string]map[string]string{
		"Opaque":                         {"a.b": "exact", "json": `{"user": {"name": "kp"}}`},
		"kubernetes.io/basic-auth":       {"username": "kp", "password": "a word"},
		"kubernetes.io/ssh-auth":         {"ssh-privatekey": "a key"},
		"kubernetes.io/tls":              {"tls.crt": string(certificate), "tls.key": string(key)},
		"kubernetes.io/dockerconfigjson": {".dockerconfigjson": `{"auths": {"registry.example": {"auth": "eDp5"}}}`},
	} {
		name := strings.ReplaceAll(strings.ToLower(kind), "/", ".")
		encoded := fields{}
		for field, value := range data {
			encoded[field] = base64.StdEncoding.EncodeToString([]byte(value))
		}
		live.do(t, "POST", "/api/v1/namespaces/"+namespace+"/secrets", fields{"metadata": fields{"name": name}, "type": kind, "data": encoded})
		for field, value := range data {
			if got := source.Read(t.Context(), []store.Reference{{Path: name, Field: field}})[0]; got.Err != nil || string(got.Value.Reveal()) != value {
				t.Errorf("%s of %s: %v", field, kind, got.Err)
			}
		}
	}
	for reference, want := range map[store.Reference]string{
		{Path: "opaque", Field: "json.user.name"}:                                                        "kp",
		{Path: "kubernetes.io.dockerconfigjson", Field: ".dockerconfigjson.auths.registry.example.auth"}: "eDp5",
		{Path: "kubernetes.io.basic-auth"}:                                                               `{"password":"a word","username":"kp"}`,
	} {
		if got := source.Read(t.Context(), []store.Reference{reference})[0]; got.Err != nil || string(got.Value.Reveal()) != want {
			t.Errorf("%v: %q, %v", reference, got.Value.Reveal(), got.Err)
		}
	}
}

// TestTimes: a change of a value is one, a change of a label is none; both are
// told by metadata alone.
func TestTimes(t *testing.T) {
	namespace := live.namespace(t, "times")
	path := "/api/v1/namespaces/" + namespace + "/secrets"
	live.do(t, "POST", path+"?fieldManager=first", fields{"metadata": fields{"name": "api", "annotations": fields{"owner": "payments"}}, "stringData": fields{"KEY": "one"}})
	source, ok := openJob(t, namespace, live.admin, &http.Transport{TLSClientConfig: live.tls()}).(*kubernetes.Source)
	if !ok {
		t.Fatal("no source")
	}
	look := func() store.Reading {
		t.Helper()
		refs := []store.Reference{{Path: "api", Field: "KEY"}}
		read, described := source.Read(t.Context(), refs)[0], source.Describe(t.Context(), refs)[0]
		if described.Err != nil || read.Err != nil || !described.Value.IsEmpty() || described.Version != read.Version || !described.Changed.Equal(read.Changed) || described.Owner != read.Owner {
			t.Errorf("described as %+v, read as %+v", described, read)
		}
		return read
	}
	patch := func(by, body string) {
		t.Helper()
		time.Sleep(1100 * time.Millisecond) // the server notes times to the second
		got, err := send(t.Context(), &http.Transport{TLSClientConfig: live.tls()}, live.url, live.admin, "PATCH", path+"/api?fieldManager="+by, jsonText(body), "Content-Type: application/merge-patch+json")
		if err != nil || got.status != http.StatusOK {
			t.Fatalf("%v %d %s", err, got.status, got.text)
		}
	}
	first := look()
	if first.Owner != "payments" || time.Since(first.Changed) > time.Minute || first.Version == "" {
		t.Errorf("%+v", first)
	}
	patch("labels", `{"metadata":{"labels":{"a":"b"}}}`)
	labelled := look()
	if !labelled.Changed.Equal(first.Changed) || labelled.Version == first.Version {
		t.Errorf("with a label: %v %s, before %v %s", labelled.Changed, labelled.Version, first.Changed, first.Version)
	}
	patch("second", `{"stringData":{"KEY":"two"}}`)
	if changed := look(); !changed.Changed.After(first.Changed) {
		t.Errorf("with another value: %v, before %v", changed.Changed, first.Changed)
	}
}

// jsonText is JSON as it is.
type jsonText string

func (j jsonText) MarshalJSON() ([]byte, error) { return []byte(j), nil }
