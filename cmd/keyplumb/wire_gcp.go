package main

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/gcp"
	"github.com/keyplumb/keyplumb/sync/store"
)

// The variables by which gcloud is told of another address.
// https://cloud.google.com/sdk/gcloud/reference/config/set
const gcloudOverrides = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"

// openGCP opens Secret Manager for one environment. In a policy that lets jobs
// log in, a machine that is no job uses the credentials of who sits before it.
func (p *providers) openGCP(s policy.Source) (store.Source, error) {
	public, err := gcp.Endpoint(s.Settings["location"])
	if err != nil {
		return nil, err
	}
	base, err := p.googleAddress(s, "SECRETMANAGER", s.Settings["address"], public)
	if err != nil {
		return nil, err
	}
	auth := gcp.Auth{
		Method: s.Auth["method"], Provider: s.Auth["provider"], ServiceAccount: s.Auth["role"], Audience: s.Auth["audience"],
		Identity:     p.identity("GCP_ID_TOKEN", "gcloud auth application-default login"),
		QuotaProject: p.Getenv("GOOGLE_CLOUD_QUOTA_PROJECT"), Allow: p.googleAllows(s),
	}
	if !p.job.inCI() && p.Getenv("GCP_ID_TOKEN") == "" {
		auth.Method = gcp.Default
	}
	if auth.Method == gcp.OIDC {
		auth.STS, err = p.googleAddress(s, "STS", "", gcp.STS)
		if err == nil {
			auth.IAMCredentials, err = p.googleAddress(s, "IAMCREDENTIALS", "", gcp.IAMCredentials)
		}
	} else {
		auth.File, err = p.googleFile()
		if err == nil && auth.File.IsEmpty() {
			auth.Metadata, err = p.googleMetadata(s)
		}
	}
	if err != nil {
		return nil, err
	}
	return gcp.New(gcp.Options{
		Address: base, Project: s.Settings["project"], Location: s.Settings["location"], Auth: auth,
		UserAgent: "keyplumb", Limiter: p.vaultLimiter(base + " of " + s.Settings["project"]), Notify: p.waiting,
	})
}

// googleAddress gives the address of one of Google's APIs.
func (p *providers) googleAddress(s policy.Source, api, inPolicy, public string) (string, error) {
	return hostAllowed(address{service: "source " + s.Name, variable: gcloudOverrides + api, inPolicy: api == "SECRETMANAGER",
		policy: inPolicy, environment: p.Getenv(gcloudOverrides + api), public: public}, p.job, p.flags.allowHosts)
}

// googleAllows tells whether a login may ask at an address that a credentials
// file names: at the job's own identity service, or by the rule for addresses
// that the environment alone names.
func (p *providers) googleAllows(s policy.Source) func(string) error {
	return func(named string) error {
		if p.job.ci == githubCI && sameOrigin(named, p.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL")) {
			return nil
		}
		_, err := hostAllowed(address{service: "source " + s.Name, variable: "GOOGLE_APPLICATION_CREDENTIALS", environment: named}, p.job, p.flags.allowHosts)
		if refused, ok := errors.AsType[*exitError](err); ok {
			return &store.Error{Op: "log in", Kind: store.ErrDenied, Detail: refused.err.Error(), Hint: refused.hint}
		}
		return err
	}
}

// googleMetadata gives the address of the machine's metadata server, which has
// a name that all machines of Google resolve alike.
// https://cloud.google.com/compute/docs/metadata/querying-metadata
func (p *providers) googleMetadata(s policy.Source) (string, error) {
	host := p.Getenv("GCE_METADATA_HOST")
	if name, port, err := net.SplitHostPort(host); err == nil && name == "metadata.google.internal" {
		host = net.JoinHostPort("169.254.169.254", port)
	}
	if host == "metadata.google.internal" {
		host = "169.254.169.254"
	}
	if host != "" {
		host = "http://" + host
	}
	return hostAllowed(address{service: "source " + s.Name, variable: "GCE_METADATA_HOST", environment: host, public: gcp.Metadata}, p.job, p.flags.allowHosts)
}

// googleFile reads the credentials file: the one that the environment names, or
// where gcloud leaves one. It is empty where there is none.
// https://cloud.google.com/docs/authentication/application-default-credentials
func (p *providers) googleFile() (secret.Value, error) {
	if named := p.Getenv("GOOGLE_APPLICATION_CREDENTIALS"); named != "" {
		text, err := os.ReadFile(p.path(named))
		if err != nil {
			return secret.Value{}, refuse(exitFailed, "name a credentials file in JSON, or none", "the file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read")
		}
		return secret.New(text), nil
	}
	folder := p.gcloudFolder()
	text, err := os.ReadFile(filepath.Join(folder, "application_default_credentials.json")) //nolint:gosec // where gcloud keeps them
	switch {
	case errors.Is(err, fs.ErrNotExist), !filepath.IsAbs(folder): // not what lies below this folder, where there is no home
		return secret.Value{}, nil
	case err != nil:
		return secret.Value{}, refuse(exitFailed, "gcloud auth application-default login makes it anew", "gcloud's application default credentials cannot be read")
	}
	return secret.New(text), nil
}

func (p *providers) gcloudFolder() string {
	switch folder := p.Getenv("CLOUDSDK_CONFIG"); {
	case folder != "":
		return p.path(folder)
	case runtime.GOOS == "windows":
		return filepath.Join(p.Getenv("APPDATA"), "gcloud")
	}
	return filepath.Join(p.Getenv("HOME"), ".config", "gcloud")
}
