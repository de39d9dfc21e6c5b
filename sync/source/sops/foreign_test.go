package sops_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	getsops "github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/azkv"
	"github.com/getsops/sops/v3/gcpkms"
	"github.com/getsops/sops/v3/hckms"
	"github.com/getsops/sops/v3/hcvault"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/kms"
	"github.com/getsops/sops/v3/pgp"

	"github.com/keyplumb/keyplumb/sync/store"
)

// trap is a listener that takes the credentials of whoever comes: it is what a
// planted address would be.
func trap(t *testing.T) (url string, calls *atomic.Int32) {
	t.Helper()
	calls = &atomic.Int32{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			calls.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"VAULT_ADDR": server.URL, "VAULT_TOKEN": "token-of-the-test", "AWS_ENDPOINT_URL": server.URL,
		"AWS_ACCESS_KEY_ID": "id-of-the-test", "AWS_SECRET_ACCESS_KEY": "key-of-the-test", "AWS_REGION": "eu-west-1",
		"HTTPS_PROXY": server.URL, "HTTP_PROXY": server.URL, "GOOGLE_OAUTH_ACCESS_TOKEN": "token-of-the-test",
	} {
		t.Setenv(name, value)
	}
	return server.URL, calls
}

// foreign gives a key of every kind but age, by the name that messages use.
func foreign(t *testing.T, url string) map[string]keys.MasterKey {
	t.Helper()
	now := time.Now()
	huawei, err := hckms.NewMasterKey("eu-west-101:01234567-89ab-cdef-0123-456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	huawei.EncryptedKey = "AAAA"
	return map[string]keys.MasterKey{
		"HashiCorp Vault":  &hcvault.MasterKey{VaultAddress: url, EnginePath: "transit", KeyName: "k", EncryptedKey: "vault:v1:AAAA", CreationDate: now},
		"AWS KMS":          &kms.MasterKey{Arn: "arn:aws:kms:eu-west-1:000000000000:key/k", Role: "arn:aws:iam::000000000000:role/r", EncryptedKey: "AAAA", CreationDate: now},
		"Google Cloud KMS": &gcpkms.MasterKey{ResourceID: "projects/p/locations/global/keyRings/r/cryptoKeys/k", EncryptedKey: "AAAA", CreationDate: now},
		"Azure Key Vault":  &azkv.MasterKey{VaultURL: url, Name: "k", Version: "v", EncryptedKey: "AAAA", CreationDate: now},
		"HuaweiCloud KMS":  huawei,
		"PGP":              &pgp.MasterKey{Fingerprint: strings.Repeat("0", 40), EncryptedKey: "AAAA", CreationDate: now},
	}
}

// plant puts keys into a file's metadata, as anyone who may commit can: the
// metadata is covered by no MAC.
func plant(t *testing.T, extension string, data []byte, change func(*getsops.Metadata)) []byte {
	t.Helper()
	tree, err := stores()[extension].LoadEncryptedFile(data)
	if err != nil {
		t.Fatal(err)
	}
	change(&tree.Metadata)
	out, err := stores()[extension].EmitEncryptedFile(tree)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestForeignKeysAreNeverAsked(t *testing.T) {
	url, calls := trap(t)
	id := identity(t)
	for extension, plain := range map[string]string{"yaml": "NAME: value\n", "json": `{"NAME":"value"}`, "env": "NAME=value\n", "bin": "value"} {
		data := recipe{extension: extension, plain: plain, groups: []getsops.KeyGroup{ageGroup(t, id)}}.encrypt(t)
		for kind, key := range foreign(t, url) {
			name := "f." + extension
			both := plant(t, extension, data, func(m *getsops.Metadata) {
				m.KeyGroups[0] = append(getsops.KeyGroup{key}, m.KeyGroups[0]...)
			})
			if got := read(t, source(name, both, id), name, "NAME"); got.Err != nil || string(got.Value.Reveal()) != "value" {
				t.Errorf("%s and age in %s: %v", kind, extension, got.Err)
			}
			// With the age key of another, the file's other keys are still no way in.
			if got := read(t, source(name, both, identity(t)), name, "NAME"); !errors.Is(got.Err, store.ErrUnauthentic) {
				t.Errorf("%s and an age key that is not ours in %s: %v", kind, extension, got.Err)
			}
			alone := plant(t, extension, data, func(m *getsops.Metadata) { m.KeyGroups[0] = getsops.KeyGroup{key} })
			got := read(t, source(name, alone, id), name, "NAME")
			if !errors.Is(got.Err, store.ErrUnreadable) || !strings.Contains(got.Err.Error(), kind+" only") || !strings.Contains(store.Hint(got.Err), "--add-age") {
				t.Errorf("%s alone in %s: %v", kind, extension, got.Err)
			}
		}
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("%d connections to a host that a file names", n)
	}
}

func TestKeyGroups(t *testing.T) {
	url, calls := trap(t)
	one, two, three := identity(t), identity(t), identity(t)
	groups := func() []getsops.KeyGroup {
		return []getsops.KeyGroup{ageGroup(t, one), ageGroup(t, two), ageGroup(t, three)}
	}
	vault := func(i int) func(*getsops.Metadata) {
		return func(m *getsops.Metadata) { m.KeyGroups[i] = getsops.KeyGroup{foreign(t, url)["HashiCorp Vault"]} }
	}
	data := recipe{extension: "yaml", plain: "NAME: value\n", groups: groups(), threshold: 2}.encrypt(t)
	for _, test := range []struct {
		why  string
		data []byte
		read func([]byte) store.Reading
		want error
		says string
	}{
		{"two of three", data, func(d []byte) store.Reading { return read(t, source("f.yaml", d, one, three), "f.yaml", "NAME") }, nil, ""},
		{"one of three", data, func(d []byte) store.Reading { return read(t, source("f.yaml", d, two), "f.yaml", "NAME") }, store.ErrUnauthentic, "none of the age keys"},
		{"one group is a vault's", plant(t, "yaml", data, vault(1)), func(d []byte) store.Reading { return read(t, source("f.yaml", d, one, three), "f.yaml", "NAME") }, nil, ""},
		{"too many are", plant(t, "yaml", data, func(m *getsops.Metadata) { vault(0)(m); vault(1)(m) }), func(d []byte) store.Reading { return read(t, source("f.yaml", d, one, two, three), "f.yaml", "NAME") }, store.ErrUnreadable, "more than age keys: HashiCorp Vault"},
		{"a threshold of one share", plant(t, "yaml", data, func(m *getsops.Metadata) { m.ShamirThreshold = 1 }), func(d []byte) store.Reading { return read(t, source("f.yaml", d, one), "f.yaml", "NAME") }, store.ErrUnauthentic, "none of the age keys"},
	} {
		got := test.read(test.data)
		if !errors.Is(got.Err, test.want) || test.want != nil && !strings.Contains(got.Err.Error(), test.says) || test.want == nil && string(got.Value.Reveal()) != "value" {
			t.Errorf("%s: %v, want %v, saying %q", test.why, got.Err, test.want, test.says)
		}
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("%d connections to a host that a file names", n)
	}
}

// TestNothingIsRun: sops' own ways to a key that are programs, agents or files
// which nobody named are not taken.
func TestNothingIsRun(t *testing.T) {
	id := identity(t)
	home := t.TempDir()
	ran := filepath.Join(home, "ran")
	script := filepath.Join(home, "print-key")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n: > "+ran+"\necho "+id.String()+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(home, "sops", "age", "keys.txt")
	if err := os.MkdirAll(filepath.Dir(keyFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keyFile, []byte(id.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOPS_AGE_KEY_CMD", script)
	t.Setenv("SOPS_AGE_SSH_PRIVATE_KEY_CMD", script)
	t.Setenv("SOPS_AGE_KEY", id.String())
	t.Setenv("SOPS_AGE_KEY_FILE", keyFile)
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("HOME", home)
	data := recipe{extension: "yaml", plain: "NAME: value\n", groups: []getsops.KeyGroup{ageGroup(t, id)}}.encrypt(t)
	if got := read(t, source("f.yaml", data), "f.yaml", "NAME"); !errors.Is(got.Err, store.ErrUnauthentic) {
		t.Errorf("without a key: %v", got.Err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command was run")
	}
}
