package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strconv"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/github"
)

// A plan asks an App for a token that may read, and a sync for one that may
// write: an App that was only granted to read can plan, and cannot sync.
func TestAnAppIsAskedForNoMoreThanTheCommandTakes(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := unsynced(t)
	s.github.Clock().Set(time.Now()) // an App signs the time
	const id = 7
	s.github.AddApp(emulator.App{ID: id, PublicKey: &key.PublicKey, Permissions: map[string]string{"metadata": "read", "environments": "read"}})
	s.github.InstallApp(id, "acme")
	s.setenv("GITHUB_TOKEN", "")
	s.setenv("KEYPLUMB_GITHUB_APP_ID", strconv.Itoa(id))
	s.setenv("KEYPLUMB_GITHUB_APP_PRIVATE_KEY", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	for _, command := range []string{"plan", "drift"} {
		if _, out, errs := s.run(command); errs != "" || !strings.Contains(out, "missing") {
			t.Errorf("%s:\n%s%s", command, out, errs)
		}
	}
	before := s.github.Snapshot()
	if out := s.must(exitFailed, "sync"); !strings.Contains(out, "hint: ") {
		t.Errorf("sync:\n%s", out)
	}
	if s.github.Snapshot() != before {
		t.Error("something was written")
	}
}
