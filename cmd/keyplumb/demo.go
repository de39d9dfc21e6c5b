package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/secret"
)

const demoPolicy = `package keyplumb

environments: {
	dev: tier:  "development"
	prod: tier: "production"
}
sources: files: {kind: "sops", path: "secrets.{env}.yaml"}
targets: {
	api: {kind: "github", repository: "acme/api"}
	web: {kind: "gitlab", project: "acme/web"}
}
secrets: {
	DATABASE_URL: {owner: "platform", in: [_]: value: #PostgresURL}
	STRIPE_SECRET_KEY: {owner: "payments", in: {
		dev: value:  =~"^sk_test_"
		prod: value: =~"^sk_live_"
	}}
	SMTP_PASSWORD: owner: "platform"
}
`

func (c *Command) demoCommand(code *int) *cobra.Command {
	return &cobra.Command{
		Use: "demo", Short: "Show the whole story on this machine, with nothing to set up", Args: noArguments,
		Long: "Run check, plan, sync and drift for real, from an encrypted file to an emulated GitHub and GitLab on loopback.\n" +
			"Everything is made for the demo, in a temporary folder, and gone afterwards.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			*code, err = c.demo(cmd.Context())
			return err
		},
	}
}

// A demo is a vault of encrypted files, an emulated GitHub and an emulated
// GitLab that share a clock, with the commands run against them by the same code as ever.
type demo struct {
	*Command
	dir     string
	github  *github.Server
	gitlab  *gitlab.Server
	clock   *github.Clock
	key     *age.X25519Identity
	values  map[string]map[string]string // environment → name → value
	environ []string
	failed  []string
}

func (c *Command) demo(ctx context.Context) (int, error) {
	d, stop, err := c.newDemo(ctx)
	if err != nil {
		return 0, refuse(exitFailed, "", "the demo could not be set up: %w", err)
	}
	defer stop()
	d.tell(ctx)
	if ctx.Err() != nil {
		return exitInterrupted, nil
	}
	if len(d.failed) > 0 {
		return 0, refuse(exitFailed, "please report it", "the demo did not go as it should: %s", strings.Join(d.failed, ", "))
	}
	return exitOK, nil
}

// tell runs the story.
func (d *demo) tell(ctx context.Context) {
	d.say("A policy, keyplumb.cue:")
	d.show(demoPolicy)
	d.say("The vault: secrets.dev.yaml and secrets.prod.yaml, encrypted with sops and age. The targets: an emulated GitHub on loopback, with the environments dev and prod of acme/api, and an emulated GitLab with the project acme/web.")
	d.step(ctx, "Is the policy in order?", exitOK, "check")
	d.step(ctx, "What would a sync do?", exitOK, "plan")
	d.step(ctx, "Do it.", exitOK, "sync")
	d.step(ctx, "Once more: nothing has changed, so nothing is written.", exitOK, "sync")

	d.clock.Advance(time.Hour)
	if err := d.github.EditSecret(github.InEnvironment("acme/api", "prod"), "STRIPE_SECRET_KEY", d.random("sk_live_")); err != nil {
		d.failed = append(d.failed, "editing the secret")
	}
	d.step(ctx, "An hour later somebody edits a secret in GitHub by hand. GitHub shows no values, but keyplumb finds it.", exitFindings, "drift")
	d.step(ctx, "Put the vault's value back.", exitOK, "sync")

	err := d.gitlab.EditVariable(gitlab.InProject("acme/web"), "SMTP_PASSWORD", "prod", func(v *gitlab.Variable) { v.Protected = false })
	if err != nil {
		d.failed = append(d.failed, "editing the variable")
	}
	d.step(ctx, "Somebody lets every branch of acme/web have production's mail password. The value is the right one; who may read it is not.", exitFindings, "drift")
	d.step(ctx, "Put that right, too.", exitOK, "sync")

	d.values["dev"]["SMTP_PASSWORD"] = d.values["prod"]["SMTP_PASSWORD"]
	if err := d.seal("dev"); err != nil {
		d.failed = append(d.failed, "sealing the file again")
	}
	d.step(ctx, "Somebody copies production's mail password into dev's file. One key now opens both, so nothing is written.", exitFindings, "sync")
}

// step runs one command and shows what it prints.
func (d *demo) step(ctx context.Context, what string, want int, args ...string) {
	if ctx.Err() != nil {
		return
	}
	d.say(what)
	style := ""
	end := ""
	if d.color(d.Stdout) {
		style, end = "\x1b[1m", "\x1b[0m"
	}
	fmt.Fprintf(d.Stdout, "%s$ keyplumb %s%s\n", style, strings.Join(args, " "), end)
	inner := &Command{Stdin: strings.NewReader(""), Stdout: d.Stdout, Stderr: d.Stdout, Environ: d.environ, Dir: d.dir}
	got := inner.Main(ctx, args)
	fmt.Fprintf(d.Stdout, "(exit code %d)\n\n", got)
	if got != want {
		d.failed = append(d.failed, fmt.Sprintf("%s ended with %d, not %d", args[0], got, want))
	}
	d.clock.Advance(time.Minute)
}

func (d *demo) say(text string) { fmt.Fprintf(d.Stdout, "# %s\n\n", text) }

func (d *demo) show(text string) {
	for line := range strings.Lines(text) {
		fmt.Fprint(d.Stdout, "    "+line)
	}
	fmt.Fprintln(d.Stdout)
}

// newDemo makes the vault and the emulator.
func (c *Command) newDemo(ctx context.Context) (*demo, func(), error) {
	dir, err := os.MkdirTemp("", "keyplumb-demo-")
	if err != nil {
		return nil, nil, err
	}
	d := &demo{Command: c, dir: dir, clock: &github.Clock{}}
	if d.key, err = age.GenerateX25519Identity(); err != nil {
		return nil, nil, err
	}
	d.makeValues()
	err = os.WriteFile(filepath.Join(dir, "keyplumb.cue"), []byte(demoPolicy), 0o600)
	for _, environment := range []string{"dev", "prod"} {
		if err == nil {
			err = d.seal(environment)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	stop, err := d.serve(ctx)
	return d, func() { stop(); _ = os.RemoveAll(dir) }, err
}

// makeValues makes up the secrets.
func (d *demo) makeValues() {
	d.values = map[string]map[string]string{}
	for environment, mode := range map[string]string{"dev": "sk_test_", "prod": "sk_live_"} {
		d.values[environment] = map[string]string{
			"DATABASE_URL":      fmt.Sprintf("postgres://api:%s@%s.db.internal/app", d.random(""), environment),
			"STRIPE_SECRET_KEY": d.random(mode),
			"SMTP_PASSWORD":     d.random(""),
		}
	}
}

func (d *demo) random(prefix string) string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return prefix + hex.EncodeToString(b)
}

// seal encrypts one environment's file. What is in clear never touches the
// disk.
func (d *demo) seal(environment string) error {
	var plain strings.Builder
	for _, name := range slices.Sorted(maps.Keys(d.values[environment])) {
		fmt.Fprintf(&plain, "%s: %q\n", name, d.values[environment][name])
	}
	name := "secrets." + environment + ".yaml"
	sealed, err := encryptFile(name, []byte(plain.String()), d.key.Recipient().String(), d.clock.Now())
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.dir, name), sealed, 0o600)
}

// serve starts the emulators on loopback.
func (d *demo) serve(ctx context.Context) (func(), error) {
	token := d.random("")
	d.github = github.New(github.Options{Clock: d.clock})
	d.github.AddRepository("acme/api")
	d.github.AddEnvironment("acme/api", "dev")
	d.github.AddEnvironment("acme/api", "prod")
	d.github.AddToken(token)
	d.gitlab = gitlab.New(gitlab.Options{Clock: d.clock})
	d.gitlab.AddProject("acme/web")
	d.gitlab.AddToken(token, gitlab.Member("acme/web", gitlab.Maintainer))
	d.environ = []string{
		"GITHUB_TOKEN=" + token, "GITLAB_TOKEN=" + token,
		"SOPS_AGE_KEY=" + d.key.String(), "KEYPLUMB_LEDGER_KEY=" + secret.NewKey().Encode(),
	}
	for _, name := range []string{"NO_COLOR", "FORCE_COLOR", "TERM", "PATH", "HOME"} {
		if value := d.Getenv(name); value != "" {
			d.environ = append(d.environ, name+"="+value)
		}
	}
	stopGitHub, err := d.listen(ctx, "GITHUB_API_URL", d.github, "")
	if err != nil {
		return func() {}, err
	}
	stopGitLab, err := d.listen(ctx, "CI_API_V4_URL", d.gitlab, "/api/v4")
	return func() { stopGitHub(); stopGitLab() }, err
}

// listen serves one emulator, and names its address to the commands.
func (d *demo) listen(ctx context.Context, variable string, handler http.Handler, path string) (stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return func() {}, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	d.environ = append(d.environ, variable+"=http://"+listener.Addr().String()+path)
	return func() { _ = server.Close() }, nil
}
