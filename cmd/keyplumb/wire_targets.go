package main

import (
	"context"
	"crypto/tls"
	"os"
	"slices"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/engine"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	targetdotenv "github.com/keyplumb/keyplumb/sync/target/dotenv"
	"github.com/keyplumb/keyplumb/sync/target/github"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

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

// openDotenv opens a file on a developer's machine.
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
