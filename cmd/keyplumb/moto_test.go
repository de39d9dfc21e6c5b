package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/awsapi"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// moto is a server that nobody here wrote, https://docs.getmoto.org.
type moto struct{ url string }

// startMoto starts moto server on loopback.
func startMoto(t *testing.T) *moto {
	t.Helper()
	if os.Getenv("KEYPLUMB_TEST_SERVERS") == "" {
		t.Skip("LEFT OUT: moto server, against the sources aws and ssm; make test-servers runs it")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // to learn of a free port
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String()) // it is an address
	_ = free.Close()                                      // it was only asked for a port
	m := &moto{url: "http://127.0.0.1:" + port}
	var log bytes.Buffer
	server := exec.CommandContext(t.Context(), os.Getenv("MOTO_SERVER"), "-H", "127.0.0.1", "-p", port) //nolint:gosec // it is the makefile's
	server.Stdout, server.Stderr = &log, &log
	if err := server.Start(); err != nil {
		t.Fatalf("MOTO_SERVER: %v", err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill() // that it may be gone is all right
		_ = server.Wait()
	})
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if _, err := m.post("/moto-api/reset", ""); err == nil {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("moto server does not answer\n%s", log.String())
		}
	}
	return m
}

// post asks moto's own API, or one of AWS without a client of it.
func (m *moto) post(path, body string) (answer string, err error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, m.url+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	if path == "/" {
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20261124/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it is read to its end
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %d %s", path, resp.StatusCode, text)
	}
	return string(text), err
}

func (m *moto) options(environ ...string) awsapi.Options {
	allow := func(a awsapi.Address) (string, error) { return a.Configured, nil }
	return awsapi.Options{Region: "eu-central-1", Allow: allow,
		Environ: append([]string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_ENDPOINT_URL=" + m.url}, environ...)}
}

// session opens a session with the options.
func (m *moto) session(t *testing.T, o awsapi.Options) *awsapi.Session {
	t.Helper()
	session, err := awsapi.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// asJob logs in as a job does; moto believes every token.
func (m *moto) asJob() awsapi.Options {
	o := m.options("AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
	o.Auth = awsapi.Auth{Role: "arn:aws:iam::123456789012:role/ci", SessionName: "keyplumb-acme.api",
		Identity: func(context.Context, string) (secret.Value, error) { return secret.New([]byte("a job's token")), nil }}
	return o
}

func (m *moto) reset(t *testing.T) {
	t.Helper()
	if _, err := m.post("/moto-api/reset", ""); err != nil {
		t.Fatal(err)
	}
}

// A motoRead is a reference and what comes of it: a value, or a kind of error
// with words in its text or its hint.
type motoRead struct {
	path, version, value string
	kind                 error
	says                 string
}

func readAll(t *testing.T, source store.Source, all []motoRead) {
	t.Helper()
	var refs []store.Reference
	for _, one := range all {
		refs = append(refs, store.Reference{Path: one.path, Version: one.version})
	}
	for i, got := range source.Read(t.Context(), refs) {
		text := fmt.Sprint(got.Err, store.Hint(got.Err))
		if one := all[i]; !errors.Is(got.Err, one.kind) || !strings.Contains(text, one.says) || one.kind == nil && string(got.Value.Reveal()) != one.value {
			t.Errorf("%v: %q, %s; want %q, %v, saying %q", refs[i], got.Value.Reveal(), text, one.value, one.kind, one.says)
		}
	}
}
