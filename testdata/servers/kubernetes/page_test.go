package kubernetes_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/keyplumb/keyplumb/sync/store"
)

// page gives the objects of Kubernetes that the source's page shows, by kind, in
// the page's order: what it says is what is tested here.
func page() (map[string][]fields, error) {
	text, err := os.ReadFile("../../../docs/sources/kubernetes.md")
	if err != nil {
		return nil, err
	}
	objects := map[string][]fields{}
	for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		for document := range strings.SplitSeq(block, "\n---\n") {
			var object fields
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				return nil, err
			}
			if kind, ok := object["kind"].(string); ok {
				objects[kind] = append(objects[kind], object)
			}
		}
	}
	return objects, nil
}

// TestPage: the Role and the RoleBinding of the page let the job of the
// environment read what they name, and nothing else.
func TestPage(t *testing.T) {
	objects, err := page()
	if err != nil || len(objects["Role"]) != 1 || len(objects["RoleBinding"]) != 1 {
		t.Fatalf("%v, %d roles", err, len(objects["Role"]))
	}
	live.do(t, "POST", "/api/v1/namespaces", fields{"metadata": fields{"name": "prod"}})
	for kind, path := range map[string]string{"Role": "roles", "RoleBinding": "rolebindings"} {
		live.do(t, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/prod/"+path, objects[kind][0])
	}
	for _, name := range []string{"api", "mail", "other"} {
		live.put(t, "prod", name, map[string][]byte{"KEY": []byte("of " + name)})
	}
	const user = "github:repo:acme/api:environment:keyplumb-prod"
	live.until(t, func() bool { return live.may(t, user, "prod", "api") })
	live.knows(t, live.issuer.sign(claimsOf("prod")))
	for _, test := range []struct {
		environment, path string
		kind              error
	}{{"prod", "prod/api", nil}, {"prod", "prod/mail", nil}, {"prod", "prod/other", store.ErrDenied}, {"dev", "prod/api", store.ErrDenied}} {
		source := openJob(t, "", live.issuer.sign(claimsOf(test.environment)), &http.Transport{TLSClientConfig: live.tls()})
		got := source.Read(t.Context(), []store.Reference{{Path: test.path, Field: "KEY"}})[0]
		if !errors.Is(got.Err, test.kind) {
			t.Errorf("%s of %s: %v, want %v", test.path, test.environment, got.Err, test.kind)
		}
	}
}
