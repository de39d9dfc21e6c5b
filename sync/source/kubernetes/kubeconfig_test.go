package kubernetes_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestKubeconfigUsers: every way that a kubeconfig has to say who somebody is.
func TestKubeconfigUsers(t *testing.T) {
	s := newSecured(t)
	s.Bind("dev", "jane", emulator.Role{Verbs: []string{"get"}})
	s.AddToken("of-the-boss", emulator.User{Name: "boss"})
	s.Bind("", "boss", emulator.Role{Verbs: []string{"impersonate"}, Resources: []string{"users"}})
	certificate, key := s.people.issue(t, "jane")
	certificateData, keyData := base64.StdEncoding.EncodeToString(certificate), base64.StdEncoding.EncodeToString(key)
	folder := t.TempDir()
	for name, content := range map[string][]byte{"jane.crt": certificate, "jane.key": key, "token": []byte(s.token + "\n")} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	quoted := func(pem []byte) string { return strings.ReplaceAll(string(pem), "\n", `\n`) }
	for name, test := range map[string]struct {
		user string
		kind error
		says string
	}{
		"token":                {user: `{token: "` + s.token + `"}`},
		"token file":           {user: `{tokenFile: "` + filepath.Join(folder, "token") + `"}`},
		"file goes first":      {user: `{token: other, tokenFile: "` + filepath.Join(folder, "token") + `"}`},
		"token beside it":      {user: `{token: "` + s.token + `", tokenFile: "` + filepath.Join(folder, "none") + `"}`},
		"certificate":          {user: fmt.Sprintf("{client-certificate-data: %s, client-key-data: %s}", certificateData, keyData)},
		"certificate files":    {user: fmt.Sprintf("{client-certificate: %q, client-key: %q}", filepath.Join(folder, "jane.crt"), filepath.Join(folder, "jane.key"))},
		"plugin's certificate": {user: newProgram(t, credential(fmt.Sprintf(`{"clientCertificateData":"%s","clientKeyData":"%s"}`, quoted(certificate), quoted(key)))).user(t)},
		"as somebody else":     {user: `{token: of-the-boss, as: jane}`},
		"as nobody":            {user: `{token: of-the-boss, as: joe}`, kind: store.ErrDenied, says: "this user may not read it"},
		"as the boss":          {user: `{token: "` + s.token + `", as: boss}`, kind: store.ErrDenied, says: "may not act as whom it names"},
		"password":             {user: `{username: jane, password: word}`, kind: store.ErrUnauthentic, says: "password is wrong"},
		"nobody":               {user: `{}`, kind: store.ErrUnauthentic, says: "log in again"},
		"wrong token":          {user: `{token: wrong}`, kind: store.ErrUnauthentic, says: "log in again"},
	} {
		t.Run(name, func(t *testing.T) {
			source := open(t, kubernetes.Options{Cluster: clusterOf(t, s.kubeconfig(t, test.user))})
			w := wanted{ref: store.Reference{Path: "api", Field: "KEY"}, kind: test.kind, says: test.says}
			if test.kind == nil {
				w.value = "value"
			}
			w.check(t, source)
		})
	}
}

// TestKubeconfigUnusable: what cannot be used is said before anything is sent.
func TestKubeconfigUnusable(t *testing.T) {
	s := newSecured(t)
	good := "certificate-authority-data: " + encoded(s.roots)
	garbled := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(garbled, []byte("canary: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	user := `{token: canary}`
	for name, test := range map[string]struct {
		config kubernetes.Kubeconfig
		says   string
	}{
		"no such context":      {with(s.kubeconfig(t, user), "other"), "no such context"},
		"no such cluster":      {with(s.kubeconfig(t, user), "broken"), "is not complete"},
		"no YAML":              {kubernetes.Kubeconfig{Files: []string{garbled}}, "cannot be read"},
		"empty":                {kubernetes.Kubeconfig{Files: []string{os.DevNull}}, "no current context"},
		"insecure":             {s.kubeconfigWith(t, user, "insecure-skip-tls-verify: true"), "would not be checked"},
		"both":                 {s.kubeconfigWith(t, user, "insecure-skip-tls-verify: true, "+good), "would not be checked"},
		"no authority":         {s.kubeconfigWith(t, user, "certificate-authority: /none"), "is not complete"},
		"no PEM":               {s.kubeconfigWith(t, user, "certificate-authority-data: Y2FuYXJ5"), "certificates cannot be read"},
		"auth-provider":        {s.kubeconfig(t, `{auth-provider: {name: oidc, config: {id-token: canary}}}`), "auth-provider"},
		"no token file":        {s.kubeconfig(t, `{tokenFile: /none}`), "is not complete"},
		"two ways in":          {s.kubeconfig(t, `{token: canary, username: jane, password: canary}`), "two ways to log in"},
		"half a plugin":        {s.kubeconfig(t, `{exec: {command: x, apiVersion: client.authentication.k8s.io/v1}}`), "is not complete"},
		"half a certificate":   {s.kubeconfig(t, `{client-certificate-data: Y2FuYXJ5}`), "is not complete"},
		"a certificate of two": {s.kubeconfig(t, `{client-certificate-data: Y2FuYXJ5, client-key-data: Y2FuYXJ5}`), "certificates cannot be read"},
		"a bad proxy":          {s.kubeconfigWith(t, user, `proxy-url: "ftp://canary", `+good), "is not complete"},
	} {
		_, err := test.config.Cluster()
		text := fmt.Sprint(err, " ", store.Hint(err))
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(text, test.says) || store.Hint(err) == "" || strings.Contains(text, "canary") {
			t.Errorf("%s: %s; want %q", name, text, test.says)
		}
	}
}

func with(k kubernetes.Kubeconfig, context string) kubernetes.Kubeconfig {
	k.Context = context
	return k
}

// TestKubeconfigMerged: of several files the first that says a thing counts,
// and those that are not there do not.
func TestKubeconfigMerged(t *testing.T) {
	s := newSecured(t)
	k := s.kubeconfig(t, `{token: "`+s.token+`"}`)
	first := filepath.Join(t.TempDir(), "first")
	if err := os.WriteFile(first, []byte(`{apiVersion: v1, kind: Config, current-context: mine, contexts: [{name: mine, context: {cluster: c, user: u, namespace: prod}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	k.Files = append([]string{filepath.Join(t.TempDir(), "none"), first}, k.Files...)
	if c := clusterOf(t, k); c.Namespace != "prod" || c.Address != s.url {
		t.Errorf("%s, %s", c.Namespace, c.Address)
	}
	if c := clusterOf(t, with(k, "ci")); c.Namespace != "dev" {
		t.Errorf("%s", c.Namespace)
	}
	if c := clusterOf(t, with(k, "bare")); c.Namespace != "default" {
		t.Errorf("%s", c.Namespace)
	}
}

// TestProxy: the kubeconfig's proxy sees where a connection goes, and nothing
// more.
func TestProxy(t *testing.T) {
	s := newSecured(t)
	var seen atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(fmt.Sprint(r.Method, " ", r.Host, " ", r.Header.Get("Authorization")))
		there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = here.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")) // else the client sees it
		go pipe(there, here)
		pipe(here, there)
	}))
	t.Cleanup(proxy.Close)
	k := s.kubeconfigWith(t, `{token: "`+s.token+`"}`, "proxy-url: \""+proxy.URL+"\", certificate-authority-data: "+encoded(s.roots))
	wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "value"}.check(t, open(t, kubernetes.Options{Cluster: clusterOf(t, k)}))
	if want := "CONNECT " + strings.TrimPrefix(s.url, "https://") + " "; seen.Load() != want {
		t.Errorf("the proxy saw %q, want %q", seen.Load(), want)
	}
}

// TestNothingOfTheProcess: what stands in the process's own environment is for
// kubectl. What counts is handed over.
func TestNothingOfTheProcess(t *testing.T) {
	s := newSecured(t)
	other := newSecured(t)
	k := s.kubeconfig(t, `{token: "`+s.token+`"}`)
	for name, value := range map[string]string{
		"KUBERNETES_MASTER": other.url, "KUBECONFIG": other.kubeconfig(t, `{token: other}`).Files[0], "POD_NAMESPACE": "prod",
		"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1", "HOME": t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "value"}.check(t, open(t, kubernetes.Options{Cluster: clusterOf(t, k)}))
	s.url = ""
	if _, err := s.kubeconfig(t, `{token: x}`).Cluster(); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("without a server: %v", err)
	}
	if n := len(other.Requests()); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}
