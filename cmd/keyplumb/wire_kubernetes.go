package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// openKubernetes opens a cluster. In a policy that lets jobs log in, a machine
// that is no job uses the kubeconfig of who sits before it.
func (p *providers) openKubernetes(s policy.Source) (store.Source, error) {
	cluster, err := p.cluster(s)
	if err != nil {
		return nil, err
	}
	return kubernetes.New(kubernetes.Options{Cluster: cluster, Namespace: s.Settings["namespace"], UserAgent: "keyplumb", Notify: p.waiting})
}

// cluster gives the same one to all sources that enter it alike.
func (p *providers) cluster(s policy.Source) (*kubernetes.Cluster, error) {
	open := p.ownCluster
	if s.Auth["method"] == "oidc" && p.job.inCI() {
		open = p.jobCluster
	}
	opened, err := open(s)
	if err != nil {
		return nil, err
	}
	alike := fmt.Sprintf("%q", []string{s.Auth["method"], s.Auth["audience"], s.Settings["address"], s.Settings["context"]})
	if known, there := p.clusters.LoadOrStore(alike, opened); there {
		return known.(*kubernetes.Cluster), nil //nolint:errcheck // nothing else is stored
	}
	return opened, nil
}

// jobCluster is one that knows this job by its identity token.
func (p *providers) jobCluster(s policy.Source) (*kubernetes.Cluster, error) {
	base, err := hostAllowed(address{service: "source " + s.Name, variable: "KUBERNETES_ADDR", inPolicy: true,
		policy: s.Settings["address"], environment: p.Getenv("KUBERNETES_ADDR")}, p.job, p.flags.allowHosts)
	if err != nil {
		return nil, err
	}
	config, err := p.trusting("KUBERNETES_CACERT")
	if err != nil {
		return nil, err
	}
	return kubernetes.Job(base, s.Auth["audience"], config, p.identity("KUBERNETES_ID_TOKEN", "log in as kubectl does, with a kubeconfig")), nil
}

// ownCluster is the one that kubectl would ask: a kubeconfig's, else that of the
// pod which this runs in.
func (p *providers) ownCluster(s policy.Source) (*kubernetes.Cluster, error) {
	files, err := p.kubeconfigs()
	if err != nil {
		return nil, err
	}
	from := address{service: "source " + s.Name, inPolicy: true, policy: s.Settings["address"], variable: "the kubeconfig"}
	host, port := p.Getenv("KUBERNETES_SERVICE_HOST"), p.Getenv("KUBERNETES_SERVICE_PORT")
	var cluster *kubernetes.Cluster
	switch {
	case len(files) > 0:
		cluster, err = p.kubeconfig(s, files).Cluster()
	case host == "" || port == "" || s.Settings["context"] != "":
		return nil, refuse(exitFailed, "name one in KUBECONFIG, have one in ~/.kube/config, run in a pod, or let the job log in: auth: {method: \"oidc\"}",
			"source %s: there is no kubeconfig", s.Name)
	default:
		// Who answers there has to prove that he is the pod's own cluster, so
		// that the environment alone may name the address.
		cluster, err = kubernetes.InCluster(host, port, kubernetes.ServiceAccount)
		from.variable = "KUBERNETES_SERVICE_HOST"
	}
	if err != nil {
		return nil, err
	}
	from.environment = cluster.Address
	if len(files) == 0 {
		from.public = cluster.Address
	}
	_, err = hostAllowed(from, p.job, p.flags.allowHosts)
	return cluster, err
}

func (p *providers) kubeconfig(s policy.Source, files []string) kubernetes.Kubeconfig {
	k := kubernetes.Kubeconfig{Files: files, Context: s.Settings["context"], Environ: p.Environ, Stderr: p.Stderr}
	if terminal, ok := p.Stdin.(*os.File); ok && !p.job.inCI() {
		k.Terminal = terminal
	}
	if p.job.inCI() {
		k.Foreign = p.inCheckout
	}
	return k
}

// kubeconfigs are the files that kubectl reads, those that are there.
// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
func (p *providers) kubeconfigs() ([]string, error) {
	named := filepath.SplitList(p.Getenv("KUBECONFIG"))
	names := named
	if home := firstOf(p.Getenv("HOME"), p.Getenv("USERPROFILE")); len(names) == 0 && home != "" {
		names = []string{filepath.Join(home, ".kube", "config")}
	}
	var files []string
	var errs []error
	for _, name := range names {
		file := p.path(name)
		if _, err := os.Stat(file); name == "" || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		files = append(files, file)
		// It names programs to run and hosts to trust. What a commit can change
		// must not say so to a job that has secrets.
		if p.job.inCI() && p.inCheckout(file) {
			errs = append(errs, refuse(exitFailed, "write it elsewhere, as to $RUNNER_TEMP, and name it in KUBECONFIG",
				"in CI, a kubeconfig inside the checkout is not used: it says which programs run"))
		}
	}
	if len(named) > 0 && len(files) == 0 {
		// In a pod, its own cluster would be read in place of the one that is meant.
		return nil, refuse(exitFailed, "write the kubeconfig there, or leave KUBECONFIG out", "no file is there that KUBECONFIG names")
	}
	return files, errors.Join(errs...)
}

// inCheckout tells whether a file lies where a commit can put it, by its name or
// behind a link.
func (p *providers) inCheckout(file string) bool {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		target = file
	}
	for _, root := range []string{p.tree.root, p.Getenv("GITHUB_WORKSPACE"), p.Getenv("CI_PROJECT_DIR")} {
		if root == "" {
			continue
		}
		roots := []string{root}
		if resolved, err := filepath.EvalSymlinks(root); err == nil {
			roots = append(roots, resolved)
		}
		if slices.ContainsFunc(roots, func(root string) bool { return isBelow(root, file) || isBelow(root, target) }) {
			return true
		}
	}
	return false
}

func isBelow(root, file string) bool {
	relative, err := filepath.Rel(root, file)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}
