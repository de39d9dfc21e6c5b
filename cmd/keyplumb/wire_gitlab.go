package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/target/gitlab"
)

// openGitLab opens a project's, a group's or the instance's variables.
func (p *providers) openGitLab(t policy.Target) (store.Target, error) {
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
		URL: base, Project: t.Project, Group: t.Group, Instance: t.Instance,
		Token: secret.New([]byte(p.Getenv("GITLAB_TOKEN"))), JobToken: secret.New([]byte(p.Getenv("CI_JOB_TOKEN"))),
		UserAgent: "keyplumb", TLS: config, Limiter: p.gitlab, Notify: p.waiting,
	})
}

// gitlabTLS trusts, beside the system's roots, those that the runner names for
// its own server: a self-managed GitLab with a certificate authority of its
// own. No other server is believed for them.
// https://docs.gitlab.com/runner/configuration/tls-self-signed/
func (p *providers) gitlabTLS(base string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	file := p.Getenv("CI_SERVER_TLS_CA_FILE")
	if file == "" || !sameOrigin(base, p.Getenv("CI_API_V4_URL")) {
		return config, nil
	}
	pem, err := os.ReadFile(p.path(file))
	if err != nil {
		return nil, refuse(exitFailed, "name a file of certificates in PEM, or none", "the file that CI_SERVER_TLS_CA_FILE names cannot be read")
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, refuse(exitFailed, "name a file of certificates in PEM, or none", "the file that CI_SERVER_TLS_CA_FILE names holds no certificate")
	}
	config.RootCAs = roots
	return config, nil
}
