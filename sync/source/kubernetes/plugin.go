package kubernetes

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/pkg/apis/clientauthentication"
	"k8s.io/client-go/pkg/apis/clientauthentication/install"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// How long a plugin may take, and how long it may where somebody has to answer.
const (
	pluginTime      = time.Minute
	interactiveTime = 5 * time.Minute
)

// maxCredential is the most that a plugin may print, in bytes.
const maxCredential = 1 << 20

// An execPlugin is a program that gives credentials, in the words of
// client-go's own types (client.authentication.k8s.io). It is run here and not
// by client-go, which waits for it for ever, gives it the process's environment
// and not the command's, and passes on what it prints on standard error: that
// may be the token which it just got. Which program a bare name means, the
// process's own PATH says.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
type execPlugin struct {
	*api.ExecConfig
	cluster  *clientauthentication.Cluster // nil where the plugin does not ask for it
	environ  []string
	terminal *os.File
	stderr   io.Writer
	limit    time.Duration // pluginTime
	asking   time.Duration // interactiveTime
}

// run runs the plugin once.
func (p *execPlugin) run(ctx context.Context) (*session, error) {
	version, err := schema.ParseGroupVersion(p.APIVersion)
	if err != nil {
		return nil, p.fail(store.ErrInvalid, "its apiVersion is none", "kubectl config view --minify shows it")
	}
	scheme := runtime.NewScheme()
	install.Install(scheme)
	codecs := serializer.NewCodecFactory(scheme)
	ask := p.terminal != nil && p.InteractiveMode != api.NeverExecInteractiveMode && term.IsTerminal(int(p.terminal.Fd()))
	if p.InteractiveMode == api.AlwaysExecInteractiveMode && !ask {
		return nil, p.fail(store.ErrUnauthentic, "it asks questions (interactiveMode: Always), and there is nobody to answer them", "log in by other means here")
	}
	question := &clientauthentication.ExecCredential{Spec: clientauthentication.ExecCredentialSpec{Interactive: ask, Cluster: p.cluster}}
	info, err := runtime.Encode(codecs.LegacyCodec(version), question)
	if err != nil {
		return nil, p.fail(store.ErrInvalid, "its apiVersion is not known", "client.authentication.k8s.io/v1 is")
	}
	said, err := p.output(ctx, string(info), ask)
	if err != nil {
		return nil, err
	}
	answer := &clientauthentication.ExecCredential{}
	_, kind, err := codecs.UniversalDecoder(version).Decode(said, nil, answer)
	if err != nil || kind.GroupVersion() != version || answer.Status == nil {
		return nil, p.fail(store.ErrUnauthentic, "what it printed is no ExecCredential of the kubeconfig's apiVersion", "run it by hand and see")
	}
	return p.session(answer.Status)
}

// output runs the program and gives what it printed. What it said besides is
// shown to nobody but who sits before it and is asked something.
func (p *execPlugin) output(ctx context.Context, info string, ask bool) ([]byte, error) {
	limit := p.limit
	if ask {
		limit = p.asking
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var out capped
	command := exec.CommandContext(limited, p.Command, p.Args...) //nolint:gosec // which program it is, the kubeconfig says: so it is for kubectl
	command.Env = p.environment(info)
	command.Stdout = &out
	command.WaitDelay = time.Second // for children that hold its output open
	if ask {
		command.Stdin, command.Stderr = p.terminal, p.stderr
	}
	err := command.Run()
	switch {
	case err == nil, limited.Err() == nil && errors.Is(err, exec.ErrWaitDelay):
		return out.printed, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return nil, p.fail(store.ErrUnauthentic, "there is no such program", "install it, and have it in PATH")
	case errors.Is(err, fs.ErrPermission):
		return nil, p.fail(store.ErrUnauthentic, "it may not be run", "make it executable")
	case limited.Err() != nil:
		return nil, p.fail(store.ErrUnavailable, "it gave no credential in "+limit.String(), "run it by hand and see what it waits for")
	}
	return nil, p.fail(store.ErrUnauthentic, "it failed", "log in anew with the tool that it is of; run by hand, it says what is wrong")
}

// A capped takes no more than a credential. It is no bytes.Buffer, which would
// read from the plugin by itself, to the end.
type capped struct{ printed []byte }

func (c *capped) Write(p []byte) (int, error) {
	if len(c.printed)+len(p) > maxCredential {
		return 0, io.ErrShortWrite
	}
	c.printed = append(c.printed, p...)
	return len(p), nil
}

// environment is the command's, but for what is keyplumb's own, and what the
// kubeconfig adds.
func (p *execPlugin) environment(info string) []string {
	var out []string
	for _, pair := range p.environ {
		if !strings.HasPrefix(pair, "KEYPLUMB_") {
			out = append(out, pair)
		}
	}
	for _, added := range p.Env {
		out = append(out, added.Name+"="+added.Value)
	}
	return append(out, "KUBERNETES_EXEC_INFO="+info)
}

func (p *execPlugin) session(status *clientauthentication.ExecCredentialStatus) (*session, error) {
	got := &session{token: secret.New([]byte(status.Token))}
	if status.ExpirationTimestamp != nil {
		got.expires = status.ExpirationTimestamp.Time
	}
	if status.ClientCertificateData != "" || status.ClientKeyData != "" {
		pair, err := tls.X509KeyPair([]byte(status.ClientCertificateData), []byte(status.ClientKeyData))
		if err != nil {
			return nil, p.fail(store.ErrUnauthentic, "the certificate and the key that it gives do not go together", "log in anew with the tool that it is of")
		}
		got.certificate = &pair
	}
	switch {
	case got.token.IsEmpty() && got.certificate == nil:
		return nil, p.fail(store.ErrUnauthentic, "it gives neither a token nor a certificate", "log in anew with the tool that it is of")
	case got.ended():
		return nil, p.fail(store.ErrUnauthentic, "the credential that it gives has run out", "log in anew with the tool that it is of")
	}
	return got, nil
}

func (p *execPlugin) fail(kind error, detail, hint string) error {
	return &store.Error{Op: "run", Ref: "the kubeconfig's exec plugin", Kind: kind, Detail: detail, Hint: hint}
}
