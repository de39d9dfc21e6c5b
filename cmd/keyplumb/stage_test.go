package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/emulator/github/githubtest"
	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/emulator/harness"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/sops"
)

// A stage is a repository with an encrypted file for each environment, and an
// emulated GitHub whose every request and answer is held against GitHub's own
// description.
type stage struct {
	t         testing.TB
	dir       string
	github    *githubtest.Server
	gitlab    *gitlab.Server // nil until the stage moves there
	key       *age.X25519Identity
	ledgerKey secret.Key
	environ   []string

	connections *harness.Connections // to the stage's CI
}

const stageToken = "stage-token"

func newStage(t testing.TB) *stage {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	clock := &emulator.Clock{}
	clock.Set(time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	s := &stage{t: t, dir: t.TempDir(), key: key, ledgerKey: secret.NewKey(),
		github: githubtest.Start(t, emulator.Options{Clock: clock})}
	s.connections = s.github.Connections
	s.github.AddRepository("acme/api")
	s.github.AddEnvironment("acme/api", "dev")
	s.github.AddEnvironment("acme/api", "prod")
	s.github.AddToken(stageToken)
	s.environ = []string{
		"GITHUB_API_URL=" + s.github.URL, "GITHUB_TOKEN=" + stageToken,
		"SOPS_AGE_KEY=" + key.String(), "KEYPLUMB_LEDGER_KEY=" + s.ledgerKey.Encode(),
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "NO_COLOR=1",
	}
	return s
}

// write puts a file into the repository.
func (s *stage) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// seal encrypts an environment's secrets.
func (s *stage) seal(environment string, values map[string]string) {
	s.t.Helper()
	var plain strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&plain, "%s: %q\n", name, values[name])
	}
	name := "secrets." + environment + ".yaml"
	text, err := sops.Encrypt(name, []byte(plain.String()), s.key.Recipient().String(), s.github.Clock().Now())
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name, string(text))
}

// setenv sets a variable of the commands that follow.
func (s *stage) setenv(name, value string) { s.environ = append(s.environ, name+"="+value) }

// run runs a command in this process, and gives its code and all it printed.
func (s *stage) run(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, errs bytes.Buffer
	c := &Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Environ: s.environ, Dir: s.dir}
	code = c.Main(s.t.Context(), args)
	return code, out.String(), errs.String()
}

// must runs a command that has to end with a code.
func (s *stage) must(code int, args ...string) string {
	s.t.Helper()
	got, stdout, stderr := s.run(args...)
	if got != code {
		s.t.Fatalf("keyplumb %s ended with %d, want %d\n%s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	return stdout + stderr
}

// process makes a process of its own.
func (s *stage) process(ctx context.Context, args ...string) *exec.Cmd {
	s.t.Helper()
	cmd := exec.CommandContext(ctx, "keyplumb", args...)
	cmd.Dir, cmd.Env = s.dir, s.environ
	return cmd
}

const stagePolicy = `package keyplumb

environments: {
	dev: tier:  "development"
	prod: tier: "production"
}
sources: files: {kind: "sops", path: "secrets.{env}.yaml"}
targets: api: {kind: "github", repository: "acme/api"}
secrets: {
	FIRST: owner:  "a"
	SECOND: owner: "a"
	PLAIN: {owner: "a", sensitive: false}
}
`
