package main

import (
	"crypto/tls"
	"crypto/x509"
	"os"
)

// gitlabTLS trusts, beside the system's roots, those that the runner names for
// its own server: a self-managed GitLab with a certificate authority of its
// own. No other server is believed for them.
// https://docs.gitlab.com/runner/configuration/tls-self-signed/
func (p *providers) gitlabTLS(base string) (*tls.Config, error) {
	if !sameOrigin(base, p.Getenv("CI_API_V4_URL")) {
		return &tls.Config{MinVersion: tls.VersionTLS12}, nil
	}
	return p.trusting("CI_SERVER_TLS_CA_FILE")
}

// trusting trusts, beside the system's roots, those in the file that a variable
// of the environment names, if it is set.
func (p *providers) trusting(variable string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	file := p.Getenv(variable)
	if file == "" {
		return config, nil
	}
	pem, err := os.ReadFile(p.path(file))
	if err != nil {
		return nil, refuse(exitFailed, "name a file of certificates in PEM, or none", "the file that %s names cannot be read", variable)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, refuse(exitFailed, "name a file of certificates in PEM, or none", "the file that %s names holds no certificate", variable)
	}
	config.RootCAs = roots
	return config, nil
}
