package kubernetes_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
)

// A secured is an emulated cluster that listens with TLS, and knows people by
// certificates, too.
type secured struct {
	*server
	roots  []byte
	people *authority
}

func newSecured(t *testing.T) *secured {
	t.Helper()
	s := &secured{server: newServer(t), people: newAuthority(t)}
	s.hold(t, "dev/api", map[string]any{"KEY": "value"})
	listening := httptest.NewUnstartedServer(s.Server)
	listening.Config.ErrorLog = log.New(io.Discard, "", 0)
	known := x509.NewCertPool()
	known.AddCert(s.people.certificate)
	listening.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: known, MinVersion: tls.VersionTLS12}
	listening.StartTLS()
	t.Cleanup(listening.Close)
	s.url, s.roots = listening.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: listening.Certificate().Raw})
	return s
}

// kubeconfig writes one with a user, who is described in YAML.
func (s *secured) kubeconfig(t *testing.T, user string) kubernetes.Kubeconfig {
	t.Helper()
	return s.kubeconfigWith(t, user, "certificate-authority-data: "+encoded(s.roots))
}

// kubeconfigWith says more of the cluster.
func (s *secured) kubeconfigWith(t *testing.T, user, cluster string) kubernetes.Kubeconfig {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: ci,
contexts: [{name: ci, context: {cluster: c, user: u, namespace: dev}}, {name: bare, context: {cluster: c, user: u}}, {name: broken, context: {cluster: none, user: u}}],
clusters: [{name: c, cluster: {server: %q, %s}}],
users: [{name: u, user: %s}]}
`, s.url, cluster, user)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return kubernetes.Kubeconfig{Files: []string{file}}
}

func clusterOf(t *testing.T, k kubernetes.Kubeconfig) *kubernetes.Cluster {
	t.Helper()
	c, err := k.Cluster()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// otherRoots are those of an authority that this server is not of.
func (s *secured) otherRoots(t *testing.T) []byte {
	t.Helper()
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.people.certificate.Raw})
}

// pipe carries bytes from one connection to another until it ends.
func pipe(to io.WriteCloser, from io.Reader) {
	_, _ = io.Copy(to, from) // the connection's end
	_ = to.Close()
}

func encoded(pem []byte) string { return base64.StdEncoding.EncodeToString(pem) }
