package kubernetes_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/kubernetes"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// job is the server for a job whose tokens come from a function.
func (s *server) job(audience string, token func(audience string) (string, error)) kubernetes.Options {
	return kubernetes.Options{Namespace: "dev", Cluster: kubernetes.Job(s.url+"/", audience, &tls.Config{MinVersion: tls.VersionTLS12}, func(_ context.Context, audience string) (secret.Value, error) {
		text, err := token(audience)
		return secretOf(text), err
	})}
}

func manyPaths() []store.Reference {
	var refs []store.Reference
	for _, path := range []string{"a", "b", "c", "d", "e", "f", "dev/a"} {
		refs = append(refs, store.Reference{Path: path, Field: "KEY"})
	}
	return refs
}

// TestOneLogin: many secrets are read with one login, each with one request,
// however its path is written; the token is for the cluster's own address
// unless another audience is given.
func TestOneLogin(t *testing.T) {
	s := newServer(t)
	for _, path := range []string{"a", "b", "c", "d", "e", "f"} {
		s.hold(t, path, map[string]any{"KEY": path})
	}
	for audience, want := range map[string]string{"": s.url, "other": "other"} {
		s.ForgetRequests()
		var asked []string
		source := open(t, s.job(audience, func(audience string) (string, error) { asked = append(asked, audience); return s.token, nil }))
		for i, got := range source.Read(t.Context(), manyPaths()) {
			if got.Err != nil {
				t.Errorf("%d: %v", i, got.Err)
			}
		}
		if requests, writes := source.Requests(); !slices.Equal(asked, []string{want}) || requests != 6 || writes != 0 || len(s.Requests()) != 6 {
			t.Errorf("asked for tokens for %q, and %d requests, %d writes", asked, requests, writes)
		}
	}
}

// TestLoginFails: what failed once is not tried again, nor is a token that was
// never any good asked for anew.
func TestLoginFails(t *testing.T) {
	failure := &store.Error{Op: "prove", Kind: store.ErrUnauthentic}
	for name, test := range map[string]struct {
		token string
		err   error
	}{"no token": {err: failure}, "a bad one": {token: "wrong"}, "two rows": {token: "wrong\nX-Other: y"}} {
		s := newServer(t)
		var asked atomic.Int32
		source := open(t, s.job("", func(string) (string, error) { asked.Add(1); return test.token, test.err }))
		for range 2 {
			for _, got := range source.Read(t.Context(), manyPaths()) {
				if !errors.Is(got.Err, store.ErrUnauthentic) {
					t.Errorf("%s: %v", name, got.Err)
				}
			}
		}
		if asked.Load() != 1 {
			t.Errorf("%s: asked for %d tokens", name, asked.Load())
		}
	}
}

// TestTokenRunsOut: a token that was good and is so no more is replaced, once.
func TestTokenRunsOut(t *testing.T) {
	s := newServer(t)
	s.hold(t, "api", map[string]any{"KEY": "value"})
	tokens := []string{s.token, rand.Text(), "never-good"}
	s.AddToken(tokens[1], emulator.User{Name: "ci"})
	given := 0
	source := open(t, s.job("", func(string) (string, error) { given++; return tokens[given-1], nil }))
	good := wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "value"}
	good.check(t, source)
	s.RevokeToken(tokens[0])
	good.check(t, source)
	s.RevokeToken(tokens[1])
	bad := wanted{ref: good.ref, kind: store.ErrUnauthentic, says: "does not take this job's identity token"}
	bad.check(t, source)
	bad.check(t, source)
	if given != 3 {
		t.Errorf("%d tokens were asked for", given)
	}
}

// TestInCluster: a pod is known by its service account, and believes its own
// cluster alone.
func TestInCluster(t *testing.T) {
	s := newSecured(t)
	host, port, err := net.SplitHostPort(strings.TrimPrefix(s.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, missing := range []string{"token", "ca.crt", "namespace"} {
		if _, err := kubernetes.InCluster(host, port, folder); !errors.Is(err, store.ErrUnauthentic) || store.Hint(err) == "" {
			t.Errorf("without %s: %v", missing, err)
		}
		write(missing, map[string]string{"token": s.token + "\n", "ca.crt": string(s.roots), "namespace": "dev\n"}[missing])
	}
	c, err := kubernetes.InCluster(host, port, folder)
	if err != nil {
		t.Fatal(err)
	}
	good := wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "value"}
	good.check(t, open(t, kubernetes.Options{Cluster: c}))
	write("ca.crt", string(newSecured(t).otherRoots(t)))
	if c, err = kubernetes.InCluster(host, port, folder); err != nil {
		t.Fatal(err)
	}
	wanted{ref: good.ref, kind: store.ErrUnavailable, says: "certificate is not trusted"}.check(t, open(t, kubernetes.Options{Cluster: c}))
	s.RevokeToken(s.token)
	write("ca.crt", string(s.roots))
	if c, err = kubernetes.InCluster(host, port, folder); err != nil {
		t.Fatal(err)
	}
	wanted{ref: good.ref, kind: store.ErrUnauthentic, says: "the pod's service account"}.check(t, open(t, kubernetes.Options{Cluster: c}))
}
