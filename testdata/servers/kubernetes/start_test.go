package kubernetes_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A cluster is a real API server, with the keys to it.
type cluster struct {
	folder string // of its files
	url    string
	roots  string // the file of its certificate authority
	admin  string // a token that may do everything
	user   string // of the user "ci", who may do nothing until it is bound
	ca     *authority
	issuer *issuer
	plugin string // the program of an exec plugin
}

// It is started once, and each test has namespaces of its own in it.
var live cluster

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "kube-apiserver")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(folder) }() // what is left is in the system's own folder
		live = cluster{folder: folder, admin: rand.Text(), user: rand.Text()}
		ctx, cancel := context.WithCancel(context.Background())
		stop, err := live.start(ctx)
		defer func() { cancel(); stop() }()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// start builds the server and starts it. stop waits until all has ended, once
// ctx is done.
func (c *cluster) start(ctx context.Context) (stop func(), err error) {
	var running []*exec.Cmd
	stop = func() {
		for _, each := range running {
			_ = each.Wait() // it was killed
		}
	}
	server, err := c.build(ctx)
	if err != nil {
		return stop, err
	}
	if err := c.files(); err != nil {
		return stop, err
	}
	etcdPort, peerPort, port := freePort(), freePort(), freePort()
	etcd := fmt.Sprintf("http://127.0.0.1:%d", etcdPort)
	peer := fmt.Sprintf("http://127.0.0.1:%d", peerPort)
	c.url = fmt.Sprintf("https://127.0.0.1:%d", port)
	for _, arguments := range [][]string{
		{"etcd", "--unsafe-no-fsync", "--data-dir=" + c.file("etcd"), "--listen-client-urls=" + etcd, "--advertise-client-urls=" + etcd,
			"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer, "--log-level=error"},
		{server, "--etcd-servers=" + etcd, "--cert-dir=" + c.folder, "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", port),
			"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + c.file("accounts.pub"), "--service-account-signing-key-file=" + c.file("accounts.key"),
			"--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC", "--token-auth-file=" + c.file("tokens.csv"), "--client-ca-file=" + c.file("clients.pem"),
			"--authentication-config=" + c.file("authentication.yaml"), "--endpoint-reconciler-type=none", "--v=0"},
	} {
		command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
		log, err := os.Create(c.file(filepath.Base(arguments[0]) + ".log"))
		if err != nil {
			return stop, err
		}
		command.Stdout, command.Stderr = log, log
		if err := command.Start(); err != nil {
			return stop, fmt.Errorf("%w; Debian has etcd in its package etcd-server", err)
		}
		running = append(running, command)
	}
	c.roots = c.file("apiserver.crt")
	return stop, c.settle(ctx)
}

// build makes the server, and the plugin.
func (c *cluster) build(ctx context.Context) (string, error) {
	server := c.file("kube-apiserver")
	c.plugin = c.file("plugin")
	const version = "-X k8s.io/component-base/version."
	flags := "-s -w " + version + "gitVersion=v1.37.2 " + version + "gitMajor=1 " + version + "gitMinor=37"
	for folder, arguments := range map[string][]string{
		"apiserver": {"build", "-o", server, "-ldflags", flags, "k8s.io/kubernetes/cmd/kube-apiserver"},
		"plugin":    {"build", "-o", c.plugin, "."},
	} {
		command := exec.CommandContext(ctx, "go", arguments...)
		command.Dir = folder
		if out, err := command.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build in %s: %w\n%s", folder, err, out)
		}
	}
	return server, nil
}

// settle waits until the server is ready.
func (c *cluster) settle(ctx context.Context) error {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		if roots, err := os.ReadFile(c.roots); err == nil && len(roots) > 0 {
			if got, err := c.send(ctx, c.admin, "GET", "/readyz", nil); err == nil && got.status == 200 {
				return nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	log, _ := os.ReadFile(c.file("kube-apiserver.log"))
	return fmt.Errorf("the API server does not become ready:\n%s", log[max(0, len(log)-4000):])
}

func (c *cluster) file(name string) string { return filepath.Join(c.folder, name) }

func freePort() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer func() { _ = listener.Close() }() // it has served its purpose
	return listener.Addr().(*net.TCPAddr).Port
}
