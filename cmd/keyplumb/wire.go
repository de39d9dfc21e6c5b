package main

import (
	"context"
	"errors"
	"fmt"
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
	"github.com/keyplumb/keyplumb/sync/store"
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
	github   *rest.Limiter            // GitHub counts by account, so its targets share one
	gitlab   *rest.Limiter            // and so does GitLab
	vaults   map[string]*rest.Limiter // by address
	aws      awsSessions
	clusters sync.Map // of Kubernetes, by how they are entered: the environments of one share its login
	borrowed []closer // what has tokens to be given back
}

// A closer gives back what a provider borrowed.
type closer interface{ Close(context.Context) error }

// wire sets up the engine.
func (r *run) wire(ctx context.Context, j job, t tree) error {
	p := &providers{run: r, job: j, tree: t, github: github.NewLimiter(), gitlab: gitlab.NewLimiter(), vaults: map[string]*rest.Limiter{}}
	r.opened, p.progress = p, r.newProgress()
	if err := errors.Join(p.guardTargets(), p.adoptable()); err != nil {
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

// openSource opens a source for one environment, and remembers what it has to
// give back at the end.
func (p *providers) openSource(ctx context.Context, s policy.Source, environment string) (store.Source, error) {
	source, err := p.openKind(ctx, s, environment)
	if err != nil {
		return nil, err
	}
	p.toClose(source)
	return source, nil
}

func (p *providers) openKind(ctx context.Context, s policy.Source, environment string) (store.Source, error) {
	switch s.Kind {
	case "sops":
		return sops.New(sops.Options{FS: p.tree.files, Path: s.Path,
			AgeKey: secret.New([]byte(p.Getenv("SOPS_AGE_KEY"))), KeyFile: p.Getenv("SOPS_AGE_KEY_FILE")}), nil
	case "dotenv":
		return sourcedotenv.New(sourcedotenv.Options{FS: p.tree.files, Path: s.Path, Key: p.keys.Current}), nil
	case "env":
		return sourceenv.New(sourceenv.Options{Lookup: p.lookupEnv}), nil
	case "vault":
		return p.openVault(s)
	case "aws":
		return p.openAWS(ctx, s)
	case "ssm":
		return p.openSSM(ctx, s)
	case "gcp":
		return p.openGCP(s)
	case "kubernetes":
		return p.openKubernetes(s)
	case "azure":
		return p.openAzure(s)
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

// close gives back what was borrowed: an App's tokens, and a vault's. Those of
// several environments end side by side.
func (p *providers) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var group sync.WaitGroup
	failed := make([]error, len(p.borrowed))
	for i, c := range p.borrowed {
		group.Go(func() {
			defer func() {
				if recover() != nil { // with what may be a token; Go would print it
					failed[i] = engine.ErrDefect
				}
			}()
			failed[i] = c.Close(ctx)
		})
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
