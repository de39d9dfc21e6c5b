package azure_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/azure"
	"github.com/keyplumb/keyplumb/sync/source/azure"
	"github.com/keyplumb/keyplumb/sync/store"
)

// byEnvironment are the options of whoever logs in by Azure's chain, with this
// environment.
func (s *server) byEnvironment(h *hosts, environment map[string]string) azure.Options {
	o := s.real(h)
	o.Auth = azure.Auth{Method: azure.Default, Getenv: func(name string) string { return environment[name] }}
	return o
}

// TestChain: the first member that is set up logs in, and asks nobody but whom
// it has to.
func TestChain(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ids := map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": client}
	job := func(s *server) string {
		value, err := s.identity(t.Context(), "api://AzureADTokenExchange")
		if err != nil {
			t.Fatal(err)
		}
		return string(value.Reveal())
	}
	for name, test := range map[string]struct {
		environment map[string]string
		prepare     func(s *server, h *hosts, environment map[string]string)
		client      string // who logs in; "" for nobody
		kind        error
		says        string
		unasked     string // a host
	}{
		"a secret": {environment: map[string]string{"AZURE_CLIENT_SECRET": "s3"}, client: client, unasked: realIMDS,
			prepare: func(s *server, _ *hosts, _ map[string]string) {
				s.entra.AddApplication(emulator.Application{Tenant: tenant, Client: client, Secret: "s3"})
			}},
		"a wrong secret": {environment: map[string]string{"AZURE_CLIENT_SECRET": "s4"}, kind: store.ErrUnauthentic, says: "the application's secret is wrong, or has run out (AADSTS7000215)", unasked: realIMDS,
			prepare: func(s *server, _ *hosts, _ map[string]string) {
				s.entra.AddApplication(emulator.Application{Tenant: tenant, Client: client, Secret: "s3"})
			}},
		"a pod": {client: client, unasked: realIMDS,
			prepare: func(s *server, _ *hosts, environment map[string]string) {
				environment["AZURE_FEDERATED_TOKEN_FILE"] = write("pod", job(s))
			}},
		"a pod's file that is gone": {environment: map[string]string{"AZURE_FEDERATED_TOKEN_FILE": filepath.Join(dir, "none")}, kind: store.ErrUnauthentic, says: "AZURE_FEDERATED_TOKEN_FILE: credential refused: the file cannot be read"},
		"a machine": {environment: map[string]string{"AZURE_TENANT_ID": "", "AZURE_CLIENT_ID": ""}, client: "machine",
			prepare: func(s *server, h *hosts, _ map[string]string) {
				h.handlers[realIMDS] = s.entra
				s.entra.AddMachine(emulator.Machine{Tenant: tenant, Client: "machine", Own: true})
				s.Grant("machine", "get")
			}},
		"a machine of several": {environment: map[string]string{"AZURE_CLIENT_ID": "second"}, client: "second",
			prepare: func(s *server, h *hosts, _ map[string]string) {
				h.handlers[realIMDS] = s.entra
				s.entra.AddMachine(emulator.Machine{Tenant: tenant, Client: "second"})
				s.Grant("second", "get")
			}},
		"a machine that is not it": {environment: map[string]string{"AZURE_CLIENT_ID": "third"}, kind: store.ErrUnauthentic, says: "this machine has no such managed identity",
			prepare: func(s *server, h *hosts, _ map[string]string) { h.handlers[realIMDS] = s.entra }},
		"nothing":                  {kind: store.ErrUnauthentic, says: "no credential of Azure's is set up here", unasked: realEntra},
		"nothing of production's":  {environment: map[string]string{"AZURE_TOKEN_CREDENTIALS": "prod"}, kind: store.ErrUnauthentic, says: "no credential", unasked: realEntra},
		"nothing of a developer's": {environment: map[string]string{"AZURE_TOKEN_CREDENTIALS": "dev", "AZURE_CLIENT_SECRET": "s3"}, kind: store.ErrUnauthentic, says: "no credential", unasked: realEntra},
		"one alone":                {environment: map[string]string{"AZURE_TOKEN_CREDENTIALS": "environmentcredential"}, kind: store.ErrUnauthentic, says: "no credential", unasked: realIMDS},
	} {
		t.Run(name, func(t *testing.T) {
			s, h := inMemory(t)
			s.Set("api", "value", emulator.Properties{})
			environment := map[string]string{}
			for _, set := range []map[string]string{ids, test.environment} {
				for variable, value := range set {
					environment[variable] = value
				}
			}
			if test.prepare != nil {
				test.prepare(s, h, environment)
			}
			source, err := azure.New(s.byEnvironment(h, environment))
			got := store.Reading{Err: err}
			if err == nil {
				got = readOne(t.Context(), t, source, store.Reference{Path: "api"})
			}
			if text := fmt.Sprint(got.Err); test.kind == nil && got.Err != nil || !errors.Is(got.Err, test.kind) || !strings.Contains(text, test.says) {
				t.Errorf("%s, want %v", text, test.kind)
			}
			tokens := s.entra.Tokens()
			if test.client == "" && len(tokens) > 0 || test.client != "" && (len(tokens) != 1 || tokens[0].Client != test.client) {
				t.Errorf("logged in: %v, want %q", tokens, test.client)
			}
			if h.asked[test.unasked] > 0 {
				t.Errorf("asked %v", h.asked)
			}
		})
	}
}

// TestCertificate: an application's certificate signs what it says of itself.
func TestCertificate(t *testing.T) {
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	made, err := x509.CreateCertificate(rand.Reader, about, about, &jobKey().PublicKey, jobKey())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(jobKey())
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for name, block := range map[string][]byte{"CERTIFICATE": made, "PRIVATE KEY": key} {
		if err := pem.Encode(&text, &pem.Block{Type: name, Bytes: block}); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"good.pem": text.Bytes(), "bad.pem": []byte("none")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for file, says := range map[string]string{"good.pem": "", "bad.pem": "holds no certificate", "none.pem": "cannot be read"} {
		s, h := inMemory(t)
		var asserted string
		h.handlers[realEntra] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				asserted = r.PostFormValue("client_assertion")
			}
			s.entra.ServeHTTP(w, r)
		})
		o := s.byEnvironment(h, map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": client, "AZURE_CLIENT_CERTIFICATE_PATH": file})
		o.Auth.Path = func(name string) string { return filepath.Join(dir, name) }
		source, err := azure.New(o)
		if says != "" {
			if !errors.Is(err, store.ErrUnauthentic) || !strings.Contains(err.Error(), says) || store.Hint(err) == "" {
				t.Errorf("%s: %v", file, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		readOne(t.Context(), t, source, store.Reference{Path: "api"}) // the emulated Entra knows no certificates
		if strings.Count(asserted, ".") != 2 {
			t.Errorf("it asserted %q", asserted)
		}
	}
}

// TestTool: az is asked for the vault's own directory and for vaults alone, and
// its token is used as any other.
func TestTool(t *testing.T) {
	s, h := inMemory(t)
	s.Set("api", "value", emulator.Properties{})
	token := s.entra.Issue(tenant, client)
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\necho \"$@\" > %s/asked\nprintf '{\"accessToken\": \"%s\", \"expires_on\": %d}'\n", dir, token.Value, token.Expires.Unix())
	if err := os.WriteFile(filepath.Join(dir, "az"), []byte(script), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	source := open(t, s.byEnvironment(h, nil))
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, source)
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	if err != nil || !strings.Contains(string(asked), "--resource https://vault.azure.net --tenant "+tenant) {
		t.Errorf("az was asked %q, %v", asked, err)
	}
	if h.asked[realEntra] > 0 {
		t.Errorf("asked %v", h.asked)
	}
}

// TestNothingOfTheProcess: what the process's own environment says redirects no
// credential.
func TestNothingOfTheProcess(t *testing.T) {
	for name, value := range map[string]string{
		"AZURE_AUTHORITY_HOST": "https://mallory.example", "AZURE_TENANT_ID": "mallory", "AZURE_CLIENT_ID": "mallory", "AZURE_CLIENT_SECRET": "mallory",
		"AZURE_FEDERATED_TOKEN_FILE": "/none", "AZURE_ADDITIONALLY_ALLOWED_TENANTS": "*", "AZURE_TOKEN_CREDENTIALS": "none such",
	} {
		t.Setenv(name, value)
	}
	s, h := inMemory(t)
	s.Set("api", "value", emulator.Properties{})
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t, open(t, s.real(h)))
	s.entra.AddApplication(emulator.Application{Tenant: tenant, Client: client, Secret: "s3"})
	wanted{ref: store.Reference{Path: "api"}, value: "value"}.check(t,
		open(t, s.byEnvironment(h, map[string]string{"AZURE_TENANT_ID": tenant, "AZURE_CLIENT_ID": client, "AZURE_CLIENT_SECRET": "s3"})))
	if len(h.asked) != 2 {
		t.Errorf("asked %v", h.asked)
	}
	// A region would have a host of its own.
	t.Setenv("MSAL_FORCE_REGION", "mallory")
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrDenied, says: "unset AZURE_REGIONAL_AUTHORITY_NAME"}.check(t, open(t, s.real(h)))
	t.Setenv("MSAL_FORCE_REGION", "")
	t.Setenv("AZURE_REGIONAL_AUTHORITY_NAME", "westeurope")
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrDenied, says: "unset AZURE_REGIONAL_AUTHORITY_NAME"}.check(t, open(t, s.real(h)))
	// A machine's own endpoint may be nowhere but on the machine.
	t.Setenv("IDENTITY_ENDPOINT", "https://mallory.example/token")
	t.Setenv("IDENTITY_HEADER", "x")
	h.handlers[realIMDS] = s.entra
	wanted{ref: store.Reference{Path: "api"}, kind: store.ErrDenied, says: "a host that is neither"}.check(t, open(t, s.byEnvironment(h, map[string]string{"AZURE_CLIENT_ID": "fourth"})))
	for _, endpoint := range []string{"http://mallory.example/token", "https://mallory.example/token"} {
		elsewhere := map[string]string{"IDENTITY_ENDPOINT": endpoint}
		wanted{ref: store.Reference{Path: "api"}, kind: store.ErrDenied, says: "it is no address of this machine"}.check(t, open(t, s.byEnvironment(h, elsewhere)))
	}
	if h.asked["mallory.example"] > 0 {
		t.Errorf("asked %v", h.asked)
	}
}

// TestNamesOfTheChain: a word that names no member is an error, not the whole
// chain.
func TestNamesOfTheChain(t *testing.T) {
	s, h := inMemory(t)
	_, err := azure.New(s.byEnvironment(h, map[string]string{"AZURE_TOKEN_CREDENTIALS": "none such"}))
	if !errors.Is(err, store.ErrInvalid) || store.Hint(err) == "" {
		t.Errorf("%v", err)
	}
}
