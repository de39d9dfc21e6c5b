package kubernetes_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

type fields = map[string]any

// An answer, its body read.
type answer struct {
	status int
	header http.Header
	text   string
}

// tls believes the cluster, and nobody else.
func (c *cluster) tls() *tls.Config {
	roots, err := os.ReadFile(c.roots)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(roots)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// send sends a request, and follows no redirect.
func (c *cluster) send(ctx context.Context, token, method, path string, body any, headers ...string) (answer, error) {
	transport := &http.Transport{TLSClientConfig: c.tls()}
	defer transport.CloseIdleConnections()
	return send(ctx, transport, c.url, token, method, path, body, headers...)
}

func send(ctx context.Context, transport http.RoundTripper, address, token, method, path string, body any, headers ...string) (answer, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return answer{}, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, address+path, bytes.NewReader(text))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // it has been read to its end
	read, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(read)}, err
}

// do sends a request as the administrator, which must succeed.
func (c *cluster) do(t *testing.T, method, path string, body any) fields {
	t.Helper()
	got, err := c.send(t.Context(), c.admin, method, path, body)
	if err != nil || got.status >= 300 {
		t.Fatalf("%s %s: %v %d %s", method, path, err, got.status, got.text)
	}
	var object fields
	if err := json.Unmarshal([]byte(got.text), &object); err != nil {
		t.Fatal(err)
	}
	return object
}

// namespace makes a namespace with a name of its own.
func (c *cluster) namespace(t *testing.T, kind string) string {
	t.Helper()
	name := kind + "-" + strings.ToLower(rand.Text())
	c.do(t, "POST", "/api/v1/namespaces", fields{"metadata": fields{"name": name}})
	return name
}

// put creates or replaces a Secret.
func (c *cluster) put(t *testing.T, namespace, name string, data map[string][]byte) {
	t.Helper()
	path := "/api/v1/namespaces/" + namespace + "/secrets"
	object := fields{"metadata": fields{"name": name}, "data": data}
	if got, err := c.send(t.Context(), c.admin, "POST", path, object); err == nil && got.status == http.StatusConflict {
		c.do(t, "PUT", path+"/"+name, object)
		return
	} else if err != nil || got.status >= 300 {
		t.Fatalf("%v %d %s", err, got.status, got.text)
	}
}

// bind lets a user read the Secrets of a namespace; all, unless some are named.
func (c *cluster) bind(t *testing.T, namespace, user string, names ...string) {
	t.Helper()
	rule := fields{"apiGroups": []string{""}, "resources": []string{"secrets"}, "verbs": []string{"get"}}
	if len(names) > 0 {
		rule["resourceNames"] = names
	}
	rbac := "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace
	name := strings.ToLower(rand.Text())
	c.do(t, "POST", rbac+"/roles", fields{"metadata": fields{"name": name}, "rules": []any{rule}})
	c.do(t, "POST", rbac+"/rolebindings", fields{"metadata": fields{"name": name},
		"roleRef":  fields{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
		"subjects": []any{fields{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}}})
	probed := "probe"
	if len(names) > 0 {
		probed = names[0]
	}
	c.until(t, func() bool { return c.may(t, user, namespace, probed) })
}

// unbind takes all bindings of a namespace away.
func (c *cluster) unbind(t *testing.T, namespace, user string) {
	t.Helper()
	c.do(t, "DELETE", "/apis/rbac.authorization.k8s.io/v1/namespaces/"+namespace+"/rolebindings", nil)
	c.until(t, func() bool { return !c.may(t, user, namespace, "probe") })
}

// may asks whether a user may read a Secret.
func (c *cluster) may(t *testing.T, user, namespace, name string) bool {
	t.Helper()
	review := c.do(t, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", fields{"spec": fields{
		"user": user, "resourceAttributes": fields{"namespace": namespace, "verb": "get", "resource": "secrets", "name": name}}})
	allowed, _ := review["status"].(fields)["allowed"].(bool)
	return allowed
}

// until waits for what the server takes a moment to know.
func (c *cluster) until(t *testing.T, holds func() bool) {
	t.Helper()
	for range 500 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the server does not come to know it")
}

// account makes a service account and a token of it (TokenRequest).
func (c *cluster) account(t *testing.T, namespace, name string) (user, token string) {
	t.Helper()
	path := "/api/v1/namespaces/" + namespace + "/serviceaccounts"
	c.do(t, "POST", path, fields{"metadata": fields{"name": name}})
	made := c.do(t, "POST", path+"/"+name+"/token", fields{"spec": fields{"expirationSeconds": 600}})
	token, _ = made["status"].(fields)["token"].(string)
	return fmt.Sprintf("system:serviceaccount:%s:%s", namespace, name), token
}
