package kubernetes

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	restclient "k8s.io/client-go/rest"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A Cluster is where secrets are read, and as whom. Sources that share one share
// its login and its limits.
type Cluster struct {
	Address   string // https://host:6443, and a path where the API lies below one
	Namespace string // of references that name none; "" where none is known

	config *restclient.Config // headers and proxy, without a token: that is in the session
	tls    *tls.Config
	token  secret.Value                                // that does not change; empty where there is none
	login  func(ctx context.Context) (*session, error) // nil where there is none to be made
	proof  proof

	limiter *rest.Limiter // what the cluster asks of one source, all of them heed
	mu      sync.Mutex    // guards the session, and is held while there is a login
	session *session
}

// A proof is what keyplumb is known by, for messages.
type proof int

const (
	kubeconfig proof = iota // a token, a certificate or a password
	plugin                  // what a program of the kubeconfig gives
	pod                     // a pod's service account
	identity                // a job's identity token
)

// Job is the cluster at an address that knows CI jobs by the identity tokens
// that their CI system gives them (structured authentication). The audience is
// the address unless one is given.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration
func Job(address, audience string, config *tls.Config, token func(ctx context.Context, audience string) (secret.Value, error)) *Cluster {
	return &Cluster{
		Address: address, config: &restclient.Config{Host: address}, tls: config, proof: identity, limiter: rest.NewLimiter(rest.Pace{}),
		login: func(ctx context.Context) (*session, error) {
			got, err := token(ctx, cmp.Or(audience, strings.TrimRight(address, "/")))
			return &session{token: got}, err
		},
	}
}

// ServiceAccount is where a pod finds its service account.
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
const ServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// InCluster is the cluster of the pod that this runs in, at the host and the
// port that its environment names. It is known by the authority in the pod's
// folder alone, so that no other server gets the pod's token.
func InCluster(host, port, folder string) (*Cluster, error) {
	fail := func(detail string) (*Cluster, error) {
		return nil, &store.Error{Op: "prove who this pod is", Ref: folder, Kind: store.ErrUnauthentic, Detail: detail,
			Hint: "give the pod its service account (automountServiceAccountToken) and let this user read it (fsGroup); or give keyplumb a kubeconfig"}
	}
	token, err := os.ReadFile(filepath.Join(folder, "token")) //nolint:gosec // the caller's folder, which is [ServiceAccount]
	if err != nil {
		return fail("the service account's token cannot be read")
	}
	address := "https://" + net.JoinHostPort(host, port)
	config := &restclient.Config{Host: address, TLSClientConfig: restclient.TLSClientConfig{CAFile: filepath.Join(folder, "ca.crt")}}
	trusted, err := restclient.TLSConfigFor(config)
	if err != nil {
		return fail("the cluster's certificate authority cannot be read")
	}
	namespace, err := os.ReadFile(filepath.Join(folder, "namespace")) //nolint:gosec // see above
	if err != nil {
		return fail("the pod's namespace cannot be read")
	}
	return &Cluster{
		Address: address, Namespace: strings.TrimSpace(string(namespace)), config: &restclient.Config{Host: address},
		tls: trusted, token: trimmed(token), proof: pod, limiter: rest.NewLimiter(rest.Pace{}),
	}, nil
}

func trimmed(token []byte) secret.Value {
	return secret.New([]byte(strings.TrimSpace(string(token))))
}
