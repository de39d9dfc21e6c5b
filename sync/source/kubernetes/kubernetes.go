// Package kubernetes reads the Secrets of a Kubernetes cluster.
//
// Where the cluster is and who asks is a [Cluster]: a kubeconfig's context
// (kubeconfig.go, plugin.go), the pod that keyplumb runs in, or a job that
// proves itself by its CI system's identity token (cluster.go).
//
// Of client-go only the parts are used that read a kubeconfig and make TLS and
// headers of it. Its clients are left out: they know every API group, have rate
// limits, retries and limits of body size of their own, and print a server's
// warnings. Here a secret is one GET over the transport of package rest.
//
// What Kubernetes does not say is kept in mind here:
//
//   - No older state of a secret is kept: a reference with a version is refused.
//   - That a namespace is not there is told as a secret that is not there.
//   - A request without a credential is no 401 in most clusters, but a 403 for
//     the user system:anonymous.
//   - Whatever stands before a cluster has a 404 of its own. Only a Status that
//     names the secret is the cluster's word that it is not there.
//   - When a value was changed is in managedFields, by manager. An API server
//     notes it of each write that changes a field; creationTimestamp is the
//     time of the first.
package kubernetes

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	restclient "k8s.io/client-go/rest"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// Options configure a source for one environment.
type Options struct {
	Cluster   *Cluster
	Namespace string // of references that name none; "" is the cluster's

	UserAgent string
	Notify    func(rest.Wait)   // told of each pause
	Next      http.RoundTripper // what sends the requests; nil: a connection pool
}

// maxBody is the longest answer, in bytes. A Secret's data is 1 MiB at most, a
// third more in base64; the rest is its metadata's.
// https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size
const maxBody = 8 << 20

// parallel is the number of secrets that are read at once.
const parallel = 8

// A Source reads secrets. Its methods may be called from several goroutines.
type Source struct {
	cluster   *Cluster
	namespace string
	base      string
	transport *rest.Transport
	client    *http.Client

	silent atomic.Pointer[store.Error] // the first request that was not answered
}

// New opens a source without a request. The error is store.ErrInvalid.
func New(o Options) (*Source, error) {
	refuse := func(detail, hint string) error {
		return &store.Error{Op: "open", Ref: "kubernetes source", Kind: store.ErrInvalid, Detail: detail, Hint: hint}
	}
	base, err := url.Parse(o.Cluster.Address)
	if err != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, refuse("the address is that of an API server, with nothing after it", lookAt)
	}
	s := &Source{cluster: o.Cluster, namespace: cmp.Or(o.Namespace, o.Cluster.Namespace), base: strings.TrimRight(o.Cluster.Address, "/")}
	if s.namespace != "" && !isNamespace(s.namespace) {
		return nil, refuse("the namespace is none that Kubernetes can have", lookAt)
	}
	s.transport, err = rest.New(rest.Options{
		Base: o.Cluster.Address, UserAgent: o.UserAgent, TLS: o.Cluster.trust(), Proxy: o.Cluster.config.Proxy,
		Limiter: o.Cluster.limiter, Notify: o.Notify, Next: o.Next, MaxBody: maxBody, Pause: time.Second,
	})
	if e, ok := errors.AsType[*store.Error](err); ok {
		e.Hint = cmp.Or(e.Hint, lookAt)
	}
	if err != nil {
		return nil, err
	}
	// The wrappers set headers: a password, and whom to impersonate.
	wrapped, err := restclient.HTTPWrappersForConfig(o.Cluster.config, s.transport)
	if err != nil {
		return nil, refuse("the kubeconfig's user makes no sense", "kubectl config view --minify shows it")
	}
	s.client = &http.Client{Transport: wrapped, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s, nil
}

// lookAt is where the settings of a source come from.
const lookAt = "look at the source in the policy, at KUBERNETES_ADDR, and at the kubeconfig"

// Read gives the field of each reference: a key of the secret's data, its bytes
// as they are; where there is no such key, what its dots lead to in a key that
// holds a JSON object. Field "" is the whole secret as a JSON object of texts,
// its keys sorted. Each secret is read once.
//
// The errors are ErrNotFound, ErrNoField, ErrDenied, ErrUnauthentic, ErrInvalid
// for a reference that no cluster can answer and for a whole secret that is not
// all text, ErrThrottled, ErrMoved and ErrUnavailable.
func (s *Source) Read(ctx context.Context, refs []store.Reference) []store.Reading {
	return store.ReadAtOnce(ctx, parallel, s.located(refs), func(path, version string) (store.Lookup, error) {
		got, err := s.open(ctx, path, version, whole)
		return got.lookup, err
	})
}

// Describe tells what the cluster knows of each secret, without its data. It
// needs the same right as Read does: Kubernetes has none for metadata alone.
func (s *Source) Describe(ctx context.Context, refs []store.Reference) []store.Reading {
	return store.ReadAtOnce(ctx, parallel, s.located(refs), func(path, version string) (store.Lookup, error) {
		got, err := s.open(ctx, path, version, metadata)
		return func(string) store.Reading { return got.about() }, err
	})
}

// Requests counts what the cluster was asked, and the requests that change
// something, of which there are none.
func (s *Source) Requests() (requests, writes int) { return s.transport.Requests() }
