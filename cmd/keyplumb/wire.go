package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/engine"
	"github.com/keyplumb/keyplumb/sync/ledger"
	"github.com/keyplumb/keyplumb/sync/plan"
	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	sourcedotenv "github.com/keyplumb/keyplumb/sync/source/dotenv"
	sourceenv "github.com/keyplumb/keyplumb/sync/source/env"
	"github.com/keyplumb/keyplumb/sync/source/sops"
	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
	targetdotenv "github.com/keyplumb/keyplumb/sync/target/dotenv"
	"github.com/keyplumb/keyplumb/sync/target/github"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

// providers opens sources and targets for a run, with the credentials that
// each ecosystem's own tools take from the environment.
type providers struct {
	*run
	job  job
	tree tree
	keys ledger.Keys

	progress *progress
	mu       sync.Mutex
	github   *rest.Limiter // GitHub counts by account, so its targets share one
	gitlab   *rest.Limiter // and so does GitLab
	vault    *rest.Limiter
	borrowed []closer // what has tokens to be given back
}

// A closer gives back what a provider borrowed.
type closer interface{ Close(context.Context) error }

// wire sets up the engine.
func (r *run) wire(ctx context.Context, j job, t tree) error {
	p := &providers{run: r, job: j, tree: t, github: github.NewLimiter(), gitlab: gitlab.NewLimiter(), vault: rest.NewLimiter(rest.Pace{})}
	r.opened, p.progress = p, r.newProgress()
	if err := errors.Join(p.built(), p.guardTargets(), p.adoptable()); err != nil {
		return err
	}
	keys, err := p.ledgerKeys(ctx)
	if err != nil {
		return err
	}
	p.keys = keys
	r.engine = &engine.Engine{
		Policy: r.session.policy, Selection: r.selected.selection(), MaxDelete: r.flags.maxDelete, Keys: keys,
		Options: plan.Options{Adopt: r.flags.adopt, AdoptAll: r.flags.adoptsAll(), Prune: r.flags.prune,
			Refresh: r.flags.refresh, AllowRollback: r.flags.allowRollback},
		OpenSource: p.openSource, OpenTarget: p.openTarget,
		Progress: p.progress.event, Now: time.Now,
	}
	if r.flags.leaks {
		r.engine.SearchLeaks = p.tree.searchLeaks
	}
	return nil
}

// The kinds of source that this keyplumb can read.
var builtSources = []string{"sops", "dotenv", "env", "vault"}

// built refuses the kinds of source that a policy may name and this keyplumb
// does not have, before anything is read.
func (p *providers) built() error {
	var errs []error
	for _, s := range p.session.policy.Sources {
		if !slices.Contains(builtSources, s.Kind) {
			errs = append(errs, refuse(exitUsage, "there are: "+strings.Join(builtSources, ", "),
				"%s: source %s: keyplumb cannot read %s yet", s.Position, s.Name, s.Kind))
		}
	}
	return errors.Join(errs...)
}

// adoptable refuses names to adopt that the policy places nowhere.
func (p *providers) adoptable() error {
	if p.flags.adoptsAll() {
		return nil
	}
	placements, _ := p.session.policy.Placements()
	for _, name := range p.flags.adopt {
		if !slices.ContainsFunc(placements, func(x policy.Placement) bool { return x.Name == name }) {
			return refuse(exitUsage, "--adopt takes names as CI sees them", "the policy places nothing of the name %q", name)
		}
	}
	return nil
}

// guardTargets refuses the targets that are not this job's own.
func (p *providers) guardTargets() error {
	if err := (policy.Selection{Targets: p.flags.allowTargets}).Validate(p.session.policy); err != nil {
		return &exitError{code: exitUsage, err: fmt.Errorf("--allow-target: %w", err)}
	}
	var errs []error
	for _, t := range p.session.policy.Targets {
		if p.selects(t.Name) {
			errs = append(errs, p.job.guardTarget(t, p.flags.allowTargets))
		}
	}
	return errors.Join(errs...)
}

func (p *providers) selects(target string) bool {
	return len(p.selected.targets) == 0 || slices.Contains(p.selected.targets, target)
}

// openSource opens a source for one environment.
func (p *providers) openSource(_ context.Context, s policy.Source, environment string) (store.Source, error) {
	switch s.Kind {
	case "sops":
		return sops.New(sops.Options{FS: p.tree.files, Path: s.Path,
			AgeKey: secret.New([]byte(p.Getenv("SOPS_AGE_KEY"))), KeyFile: p.Getenv("SOPS_AGE_KEY_FILE")}), nil
	case "dotenv":
		return sourcedotenv.New(sourcedotenv.Options{FS: p.tree.files, Path: s.Path, Key: p.keys.Current}), nil
	case "env":
		return sourceenv.New(sourceenv.Options{Lookup: p.lookupEnv}), nil
	case "vault":
		source, err := p.openVault(s)
		if err != nil {
			return nil, err
		}
		p.toClose(source)
		return source, nil
	}
	return nil, fmt.Errorf("source %s for %s: unknown kind %s", s.Name, environment, s.Kind)
}

// openTarget opens a target for what the run needs of it.
func (p *providers) openTarget(ctx context.Context, t policy.Target, use engine.Use) (store.Target, error) {
	opened, err := p.open(ctx, t, use)
	if refused, ok := errors.AsType[*exitError](err); ok {
		// So that the reports say why, and what to do, and not that it is away.
		err = &store.Error{Op: "open", Kind: store.ErrDenied, Detail: refused.err.Error(), Hint: refused.hint}
	}
	if err != nil {
		return nil, err
	}
	p.toClose(opened)
	return opened, nil
}

// toClose remembers what is to be closed at the end of the run.
func (p *providers) toClose(opened any) {
	if c, ok := opened.(closer); ok {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.borrowed = append(p.borrowed, c)
	}
}

func (p *providers) open(ctx context.Context, t policy.Target, use engine.Use) (store.Target, error) {
	switch t.Kind {
	case "github":
		return p.openGitHub(t, use)
	case "gitlab":
		return p.openGitLab(t, use)
	case "dotenv":
		return p.openDotenv(ctx, use)
	}
	return nil, fmt.Errorf("unknown kind %s", t.Kind)
}

func (p *providers) openDotenv(ctx context.Context, use engine.Use) (store.Target, error) {
	root, err := os.OpenRoot(p.tree.root)
	if err != nil {
		return nil, refuse(exitFailed, "", "the repository cannot be opened")
	}
	return targetdotenv.New(targetdotenv.Options{
		Root: root, InCI: p.job.inCI(), Production: slices.Contains(use.Tiers, policy.Production), AllowPlaintext: p.flags.allowPlaintext,
		IsIgnored: func(path string) (bool, error) { return p.tree.isIgnored(ctx, path) },
	}), nil
}

func (p *providers) openGitHub(t policy.Target, use engine.Use) (store.Target, error) {
	base, err := hostAllowed(address{service: "target " + t.Name, variable: "GITHUB_API_URL",
		environment: p.Getenv("GITHUB_API_URL"), public: github.DefaultURL}, p.job, p.flags.allowHosts)
	if err != nil {
		return nil, err
	}
	o := github.Options{
		URL: base, Repository: t.Repository, Organization: t.Organization, ScopeKind: t.ScopeKind, Store: t.Store,
		Create: t.Create, ReadOnly: !use.Write, Variables: use.Variables || use.Ledger, UserAgent: "keyplumb",
		TLS: &tls.Config{MinVersion: tls.VersionTLS12}, Limiter: p.github, Notify: p.waiting,
	}
	token := p.Getenv("GITHUB_TOKEN")
	if token == "" {
		token = p.Getenv("GH_TOKEN")
	}
	if id := p.Getenv("KEYPLUMB_GITHUB_APP_ID"); id != "" {
		o.App = &github.App{ID: id, Key: secret.New([]byte(p.Getenv("KEYPLUMB_GITHUB_APP_PRIVATE_KEY")))}
	} else {
		o.Token = secret.New([]byte(token))
	}
	return github.New(o)
}

// openGitLab opens a project's, a group's or the instance's variables.
func (p *providers) openGitLab(t policy.Target, use engine.Use) (store.Target, error) {
	named := ""
	if t.URL != "" {
		named = gitlab.APIURL(t.URL)
	}
	base, err := hostAllowed(address{service: "target " + t.Name, variable: "CI_API_V4_URL", inPolicy: true,
		policy: named, environment: p.Getenv("CI_API_V4_URL"), public: gitlab.DefaultURL}, p.job, p.flags.allowHosts)
	if err != nil {
		return nil, err
	}
	config, err := p.gitlabTLS(base)
	if err != nil {
		return nil, err
	}
	return gitlab.New(gitlab.Options{
		URL: base, Project: t.Project, Group: t.Group, Instance: t.Instance, ReadOnly: !use.Write,
		Token: secret.New([]byte(p.Getenv("GITLAB_TOKEN"))), JobToken: secret.New([]byte(p.Getenv("CI_JOB_TOKEN"))),
		UserAgent: "keyplumb", TLS: config, Limiter: p.gitlab, Notify: p.waiting,
	})
}

// openVault opens a vault with one environment's role. In a policy that lets
// jobs log in, a machine that is no job uses the token of who sits before it.
func (p *providers) openVault(s policy.Source) (*vault.Source, error) {
	base, err := hostAllowed(address{service: "source " + s.Name, variable: "VAULT_ADDR", inPolicy: true,
		policy: s.Settings["address"], environment: p.Getenv("VAULT_ADDR")}, p.job, p.flags.allowHosts)
	if err != nil {
		return nil, err
	}
	config, err := p.trusting("VAULT_CACERT")
	if err != nil {
		return nil, err
	}
	auth := vault.Auth{
		Method: s.Auth["method"], Role: s.Auth["role"], Mount: s.Auth["mount"], Audience: s.Auth["audience"],
		Token:  secret.New([]byte(p.Getenv("VAULT_TOKEN"))),
		RoleID: secret.New([]byte(p.Getenv("VAULT_ROLE_ID"))), SecretID: secret.New([]byte(p.Getenv("VAULT_SECRET_ID"))),
	}
	switch auth.Method {
	case vault.JWT:
		auth.Identity = p.identity("VAULT_ID_TOKEN")
	case vault.Kubernetes:
		auth.Identity = podIdentity(serviceAccountToken)
	}
	if auth.Identity != nil && !p.job.inCI() && p.Getenv("VAULT_TOKEN") != "" {
		auth.Method = vault.Token
	}
	kv := map[string]int{"1": 1, "2": 2}[s.Settings["kv"]]
	return vault.New(vault.Options{
		Address: base, Namespace: firstOf(s.Settings["namespace"], p.Getenv("VAULT_NAMESPACE")), Mount: s.Settings["mount"], KV: kv, Auth: auth,
		UserAgent: "keyplumb", TLS: config, Limiter: p.vault, Notify: p.waiting,
	})
}

// close gives back what was borrowed: an App's tokens, and a vault's. Those of
// several environments end side by side.
func (p *providers) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var group sync.WaitGroup
	failed := make([]error, len(p.borrowed))
	for i, c := range p.borrowed {
		group.Go(func() { failed[i] = c.Close(ctx) })
	}
	group.Wait()
	if errors.Join(failed...) != nil {
		p.say("note: a token could not be revoked; it runs out by itself")
	}
}

// waiting tells the user of a pause.
func (p *providers) waiting(w rest.Wait) {
	text := fmt.Sprintf("note: waiting %s: %s", w.For.Round(time.Second), w.Reason)
	if w.PerMinute > 0 {
		text += fmt.Sprintf(" (%d writes a minute from now on%s)", w.PerMinute, p.progress.remaining(w.PerMinute))
	}
	p.say(text)
}

// ledgerKeys takes the ledger key from the environment, or from the source
// that the policy names.
func (p *providers) ledgerKeys(ctx context.Context) (ledger.Keys, error) {
	var keys ledger.Keys
	for _, k := range []struct {
		name string
		key  *secret.Key
	}{{"KEYPLUMB_LEDGER_KEY", &keys.Current}, {"KEYPLUMB_LEDGER_KEY_PREVIOUS", &keys.Previous}} {
		text := p.Getenv(k.name)
		if text == "" {
			continue
		}
		key, err := secret.ParseKey(text)
		if err != nil {
			return ledger.Keys{}, refuse(exitFailed, "make one with keyplumb keygen", "%s is %w", k.name, err)
		}
		*k.key = key
	}
	if from := p.session.policy.LedgerKey; from != nil && keys.Current.IsZero() {
		key, err := p.ledgerKeyFrom(ctx, from)
		if err != nil {
			return ledger.Keys{}, err
		}
		keys.Current = key
	}
	if keys.Current.IsZero() && !keys.Previous.IsZero() {
		return ledger.Keys{}, refuse(exitFailed, "set the new one as KEYPLUMB_LEDGER_KEY", "KEYPLUMB_LEDGER_KEY_PREVIOUS is set without a current ledger key")
	}
	return keys, nil
}

// ledgerKeyFrom reads the ledger key from a source of the policy.
func (p *providers) ledgerKeyFrom(ctx context.Context, from *policy.From) (secret.Key, error) {
	s := p.session.policy.Source(from.Source)
	source, err := p.openSource(ctx, *s, "")
	if err != nil {
		return secret.Key{}, &exitError{code: exitFailed, err: err}
	}
	defer p.close(ctx) // what was borrowed for the key alone
	got := source.Read(ctx, []store.Reference{{Path: from.Path, Field: from.Field, Version: from.Version}})[0]
	if got.Err != nil {
		return secret.Key{}, &exitError{code: exitFailed, err: fmt.Errorf("the ledger key: %w", got.Err)}
	}
	key, err := secret.ReadKey(got.Value)
	if err != nil {
		return secret.Key{}, refuse(exitFailed, "make one with keyplumb keygen, and put it there", "the ledger key in source %s is %w", from.Source, err)
	}
	return key, nil
}

func (p *providers) lookupEnv(name string) (string, bool) {
	value, found := "", false
	for _, pair := range p.Environ {
		if rest, ok := strings.CutPrefix(pair, name+"="); ok {
			value, found = rest, true
		}
	}
	return value, found
}

// encryptFile makes the file that the demonstration's secrets are in.
func encryptFile(name string, plain []byte, recipient string, at time.Time) ([]byte, error) {
	return sops.Encrypt(name, plain, recipient, at)
}
