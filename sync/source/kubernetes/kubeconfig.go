package kubernetes

import (
	"cmp"
	"crypto/tls"
	"io"
	"os"
	"os/exec"

	restclient "k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A Kubeconfig says what of which files is used.
// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
type Kubeconfig struct {
	Files   []string // merged; what the first says counts
	Context string   // "" is the current one

	// Foreign tells a program that is not to be run, since others than who wrote
	// the kubeconfig can change it; nil: there are none.
	Foreign  func(file string) bool
	Environ  []string  // of plugins, NAME=value
	Terminal *os.File  // of who can answer a plugin; nil where there is nobody
	Stderr   io.Writer // where a plugin that asks may say what it wants
}

// Cluster reads the files. The errors are store.ErrInvalid, for a kubeconfig
// that makes no sense or would not check whom it talks to.
func (k Kubeconfig) Cluster() (*Cluster, error) {
	read, err := (&clientcmd.ClientConfigLoadingRules{Precedence: k.Files}).Load()
	if err != nil {
		return nil, unusable("it cannot be read", "kubectl config view says why")
	}
	name := cmp.Or(k.Context, read.CurrentContext)
	context := read.Contexts[name]
	switch {
	case name == "":
		return nil, unusable("it has no current context", "name one in the policy (context: \"…\"), or choose one: kubectl config use-context")
	case context == nil:
		return nil, unusable("it has no such context", "kubectl config get-contexts lists those that are there")
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*read, name, &clientcmd.ConfigOverrides{}, nil).ClientConfig()
	if err != nil {
		return nil, unusable("its context is not complete, has two ways to log in, or names a file that cannot be read", "kubectl config view --minify says what it is made of")
	}
	switch {
	case config.Insecure:
		return nil, unusable("insecure-skip-tls-verify: the server's certificate would not be checked", "give the cluster's own authority: certificate-authority-data")
	case config.AuthProvider != nil:
		return nil, unusable("its user has an auth-provider, which Kubernetes has given up", "use the provider's exec plugin")
	}
	return k.cluster(config, cmp.Or(context.Namespace, "default"))
}

func (k Kubeconfig) cluster(config *restclient.Config, namespace string) (*Cluster, error) {
	c := &Cluster{Address: config.Host, Namespace: namespace, config: config, limiter: rest.NewLimiter(rest.Pace{})}
	// A token is shown by the session: client-go would read its file again and
	// again, and say what is wrong with it on standard error.
	c.token = trimmed([]byte(config.BearerToken))
	if config.BearerTokenFile != "" {
		if read, err := os.ReadFile(config.BearerTokenFile); err == nil {
			c.token = trimmed(read)
		}
	}
	config.BearerToken, config.BearerTokenFile = "", ""
	program := config.ExecProvider
	config.ExecProvider = nil
	// As in client-go, a plugin is run where there is nothing else.
	if program != nil && c.token.IsEmpty() && config.Username == "" && !hasCertificate(config) {
		if err := k.addPlugin(c, program); err != nil {
			return nil, err
		}
	}
	var err error
	if c.tls, err = restclient.TLSConfigFor(config); err != nil {
		return nil, unusable("its certificates cannot be read", "kubectl config view --minify --raw shows them")
	}
	if c.tls == nil {
		c.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return c, nil
}

func hasCertificate(config *restclient.Config) bool {
	return len(config.CertData) > 0 || config.CertFile != ""
}

// addPlugin has the program of the kubeconfig give the credential.
func (k Kubeconfig) addPlugin(c *Cluster, program *api.ExecConfig) error {
	if file, err := exec.LookPath(program.Command); err == nil && k.Foreign != nil && k.Foreign(file) {
		return unusable("its exec plugin is a program inside the checkout, which a commit can change", "install it elsewhere")
	}
	p := &execPlugin{ExecConfig: program, environ: k.Environ, terminal: k.Terminal, stderr: k.Stderr, limit: pluginTime, asking: interactiveTime}
	if program.ProvideClusterInfo {
		described := *c.config
		described.ExecProvider = program
		var err error
		if p.cluster, err = restclient.ConfigToExecCluster(&described); err != nil {
			return unusable("the file of its certificate authority cannot be read", "kubectl config view --minify shows its name")
		}
	}
	c.login, c.proof = p.run, plugin
	return nil
}

func unusable(detail, hint string) error {
	return &store.Error{Op: "use", Ref: "kubeconfig", Kind: store.ErrInvalid, Detail: detail, Hint: hint}
}
