package vault_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	jwt "github.com/hashicorp/vault-plugin-auth-jwt"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/vault"
)

// fields is an object of JSON.
type fields = map[string]any

// A server is a real Vault of its own, on loopback, with stores at kv and team/kv
// (version 2) and one (version 1).
type server struct {
	t       *testing.T
	core    *vault.Core
	address string
	root    string // a token that may do everything
}

func start(t *testing.T) *server {
	t.Helper()
	core, _, root := vault.TestCoreUnsealedWithConfig(t, &vault.CoreConfig{
		LogicalBackends:    map[string]logical.Factory{"kv": kv.Factory},
		CredentialBackends: map[string]logical.Factory{"approle": approle.Factory, "jwt": jwt.Factory, "kubernetes": kubernetes.Factory},
	})
	listener, address := vaulthttp.TestServer(t, core)
	t.Cleanup(func() { _ = listener.Close() })
	v := &server{t, core, address, root}
	for path, version := range map[string]string{"kv": "2", "team/kv": "2", "one": "1"} {
		v.admin("POST", "sys/mounts/"+path, fields{"type": "kv", "options": fields{"version": version}})
	}
	v.settle("kv")
	v.settle("team/kv")
	return v
}

// settle waits until a new store of version 2 has made itself ready, which it
// does after it has said that it is there.
func (v *server) settle(mount string) {
	v.t.Helper()
	for range 200 {
		if got := send(v.t, v.address, v.root, "GET", "/"+mount+"/config", ""); got.status == http.StatusOK {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	v.t.Fatalf("%s does not become ready", mount)
}

// admin sends a request with the root token, which must succeed, and returns
// the answer's data, or its auth.
func (v *server) admin(method, path string, body any) fields {
	v.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	got := send(v.t, v.address, v.root, method, "/"+path, string(text))
	if got.status >= 300 {
		v.t.Fatalf("%s %s: %d %s", method, path, got.status, got.text)
	}
	var answer struct{ Data, Auth fields }
	if got.text != "" {
		if err := json.Unmarshal([]byte(got.text), &answer); err != nil {
			v.t.Fatal(err)
		}
	}
	if answer.Auth != nil {
		return answer.Auth
	}
	return answer.Data
}

// policy writes a policy that grants capabilities on paths.
func (v *server) policy(name string, paths map[string][]string) {
	v.t.Helper()
	rules := fields{}
	for path, capabilities := range paths {
		rules[path] = fields{"capabilities": capabilities}
	}
	text, err := json.Marshal(fields{"path": rules})
	if err != nil {
		v.t.Fatal(err)
	}
	v.admin("PUT", "sys/policies/acl/"+name, fields{"policy": string(text)})
}

// token makes a token with policies.
func (v *server) token(policies ...string) string {
	v.t.Helper()
	made, _ := v.admin("POST", "auth/token/create", fields{"policies": policies, "ttl": "1h"})["client_token"].(string)
	return made
}

// accessors are those of the tokens that live.
func (v *server) accessors() map[string]bool {
	v.t.Helper()
	keys, _ := v.admin("LIST", "auth/token/accessors", nil)["keys"].([]any)
	all := map[string]bool{}
	for _, key := range keys {
		all[key.(string)] = true
	}
	return all
}

func (v *server) seal() {
	v.t.Helper()
	if err := v.core.Seal(v.root); err != nil {
		v.t.Fatal(err)
	}
}

// An answer, its body read.
type answer struct {
	status int
	header http.Header
	text   string
}

// send sends a request, and follows no redirect.
func send(t *testing.T, address, token, method, path, body string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address+"/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("X-Vault-Token", token)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // it has been read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}
