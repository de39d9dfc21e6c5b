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
