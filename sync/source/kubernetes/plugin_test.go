package kubernetes_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/source/kubernetes"
	"github.com/keyplumb/keyplumb/sync/store"
)

// TestMain is the plugin, too: this very program, where a variable says so.
func TestMain(m *testing.M) {
	if os.Getenv("AS_PLUGIN") != "" {
		os.Exit(asPlugin())
	}
	os.Exit(m.Run())
}

// asPlugin notes that it was run, and prints what it is told to.
func asPlugin() int {
	notes, err := os.OpenFile(os.Getenv("AS_PLUGIN"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 3
	}
	names := slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "KUBERNETES_EXEC_INFO=") })
	fmt.Fprintf(notes, "%q %q %s\n", os.Args[1:], names, strings.TrimSpace(os.Getenv("KUBERNETES_EXEC_INFO")))
	_ = notes.Close() // it is written
	fmt.Fprintln(os.Stderr, "a careless plugin:", os.Getenv("SAID"))
	switch os.Getenv("ENDS") {
	case "badly":
		return 1
	case "never":
		time.Sleep(time.Hour)
	case "briefly":
		time.Sleep(3 * time.Second)
	case "before its child":
		child := exec.Command(os.Args[0]) //nolint:noctx,gosec // this very program, which ends soon
		child.Env, child.Stdout = append(os.Environ(), "ENDS=briefly"), os.Stdout
		if err := child.Start(); err != nil {
			return 4
		}
	case "flood":
		for {
			if _, err := fmt.Print(strings.Repeat("x", 4096)); err != nil {
				return 2
			}
		}
	case "asked":
		fmt.Fprintln(os.Stderr, "which token?")
		var token string
		_, _ = fmt.Scan(&token) // an empty one says it
		fmt.Printf(os.Getenv("SAID"), token)
		return 0
	}
	fmt.Println(os.Getenv("SAID"))
	return 0
}

// A program is this test as a plugin.
type program struct {
	notes string
	env   map[string]string
	more  string // of its exec, in YAML
}

func newProgram(t *testing.T, said string) *program {
	t.Helper()
	return &program{notes: filepath.Join(t.TempDir(), "notes"), env: map[string]string{"SAID": said}}
}

func (p *program) user(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	env := []map[string]string{{"name": "AS_PLUGIN", "value": p.notes}}
	for name, value := range p.env {
		env = append(env, map[string]string{"name": name, "value": value})
	}
	text, err := json.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	more := p.more
	if more == "" {
		more = "interactiveMode: IfAvailable"
	}
	return fmt.Sprintf(`{exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, args: [get, token], env: %s, %s}}`, self, text, more)
}

// runs are the notes, a line for each run.
func (p *program) runs(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(p.notes)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(text)))
}

func credential(status string) string {
	return `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":` + status + `}`
}

// TestPlugin: it is run once, as kubectl would run it, with the command's
// environment but for what is keyplumb's own.
func TestPlugin(t *testing.T) {
	s := newSecured(t)
	p := newProgram(t, credential(`{"token":"`+s.token+`"}`))
	p.more = "interactiveMode: IfAvailable, provideClusterInfo: true"
	k := s.kubeconfig(t, p.user(t))
	k.Environ = []string{"MINE=yes", "KEYPLUMB_LEDGER_KEY=ours"}
	source := open(t, kubernetes.Options{Cluster: clusterOf(t, k)})
	for range 3 {
		wanted{ref: store.Reference{Path: "dev/api", Field: "KEY"}, value: "value"}.check(t, source)
	}
	runs := p.runs(t)
	if len(runs) != 1 {
		t.Fatalf("it was run %d times", len(runs))
	}
	for _, text := range []string{`["get" "token"]`, `"MINE=yes"`, `"interactive":false`, `"server":"` + s.url + `"`, `"certificate-authority-data":"`} {
		if !strings.Contains(runs[0], text) {
			t.Errorf("it does not get %s: %s", text, runs[0])
		}
	}
	if strings.Contains(runs[0], "KEYPLUMB_") {
		t.Errorf("it gets what is keyplumb's own: %s", runs[0])
	}
}

// TestPluginVersions: what kubectl takes, it takes.
func TestPluginVersions(t *testing.T) {
	s := newSecured(t)
	for version, kind := range map[string]error{"v1": nil, "v1beta1": nil, "v1alpha1": store.ErrInvalid, "v9": store.ErrInvalid} {
		p := newProgram(t, strings.Replace(credential(`{"token":"`+s.token+`"}`), "/v1", "/"+version, 1))
		k := s.kubeconfig(t, strings.Replace(p.user(t), "k8s.io/v1,", "k8s.io/"+version+",", 1))
		w := wanted{ref: store.Reference{Path: "api", Field: "KEY"}, kind: kind, value: "value"}
		if kind != nil {
			w.value, w.says = "", "its apiVersion is not known"
		}
		w.check(t, open(t, kubernetes.Options{Cluster: clusterOf(t, k)}))
	}
}

// TestPluginFails: each way is told, once for all secrets, and nothing of what
// it prints.
func TestPluginFails(t *testing.T) {
	for name, test := range map[string]struct {
		said string
		ends string
		more string
		kind error
		says string
	}{
		"badly":               {ends: "badly", kind: store.ErrUnauthentic, says: "it failed"},
		"without an end":      {ends: "flood", kind: store.ErrUnauthentic, says: "it failed"},
		"nothing":             {kind: store.ErrUnauthentic, says: "no ExecCredential"},
		"something else":      {said: "canary-token", kind: store.ErrUnauthentic, says: "no ExecCredential"},
		"another kind":        {said: `{"kind":"Secret","apiVersion":"v1"}`, kind: store.ErrUnauthentic, says: "no ExecCredential"},
		"another version":     {said: strings.Replace(credential(`{"token":"canary"}`), "/v1", "/v1beta1", 1), kind: store.ErrUnauthentic, says: "no ExecCredential"},
		"no status":           {said: strings.Replace(credential(`{}`), "status", "other", 1), kind: store.ErrUnauthentic, says: "no ExecCredential"},
		"no token":            {said: credential(`{}`), kind: store.ErrUnauthentic, says: "neither a token nor a certificate"},
		"a token of two rows": {said: credential(`{"token":"canary\nX-Other: y"}`), kind: store.ErrUnauthentic, says: "characters that no token has"},
		"half a certificate":  {said: credential(`{"clientCertificateData":"canary"}`), kind: store.ErrUnauthentic, says: "do not go together"},
		"what is over":        {said: credential(`{"token":"canary","expirationTimestamp":"2020-01-01T00:00:00Z"}`), kind: store.ErrUnauthentic, says: "has run out"},
		"nobody to ask":       {said: credential(`{"token":"canary"}`), more: "interactiveMode: Always", kind: store.ErrUnauthentic, says: "nobody to answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSecured(t)
			p := newProgram(t, test.said)
			p.more = test.more
			p.env["ENDS"] = test.ends
			source := open(t, kubernetes.Options{Cluster: clusterOf(t, s.kubeconfig(t, p.user(t)))})
			for _, path := range []string{"dev/api", "dev/other"} {
				got := readOne(t.Context(), t, source, store.Reference{Path: path, Field: "KEY"})
				text := fmt.Sprint(got.Err, " ", store.Hint(got.Err))
				if !errors.Is(got.Err, test.kind) || !strings.Contains(text, test.says) || store.Hint(got.Err) == "" || strings.Contains(text, "canary") {
					t.Errorf("%s; want %v, saying %q", text, test.kind, test.says)
				}
			}
			if runs := p.runs(t); len(runs) > 1 {
				t.Errorf("it was run %d times", len(runs))
			}
			if n := len(s.Requests()); n != 0 {
				t.Errorf("the cluster was asked %d times", n)
			}
		})
	}
}

// TestPluginMissing: which program it is, is told by the kubeconfig alone.
func TestPluginMissing(t *testing.T) {
	s := newSecured(t)
	file := filepath.Join(t.TempDir(), "plugin")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for command, says := range map[string]string{"keyplumb-no-such-plugin": "there is no such program", file + ".none": "there is no such program", file: "it may not be run"} {
		k := s.kubeconfig(t, fmt.Sprintf(`{exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: Never}}`, command))
		got := readOne(t.Context(), t, open(t, kubernetes.Options{Cluster: clusterOf(t, k)}), store.Reference{Path: "dev/api", Field: "KEY"})
		if !errors.Is(got.Err, store.ErrUnauthentic) || !strings.Contains(got.Err.Error(), says) {
			t.Errorf("%s: %v, want %q", command, got.Err, says)
		}
	}
}

// TestPluginLeavesAChild: one that goes on in the background, with the output
// still open, is no reason to wait for it, nor to take nothing of the plugin.
func TestPluginLeavesAChild(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	p := newProgram(t, credential(`{"token":"`+s.token+`"}`))
	p.env["ENDS"] = "before its child"
	wanted{ref: store.Reference{Path: "api", Field: "KEY"}, value: "value"}.check(t, open(t, kubernetes.Options{Cluster: clusterOf(t, s.kubeconfig(t, p.user(t)))}))
}

// TestPluginHangs: the end of the run ends it, too.
func TestPluginHangs(t *testing.T) {
	s := newSecured(t)
	p := newProgram(t, "")
	p.env["ENDS"] = "never"
	ctx, cancel := contextUntil(t, func() bool { return len(p.runs(t)) > 0 })
	defer cancel()
	got := readOne(ctx, t, open(t, kubernetes.Options{Cluster: clusterOf(t, s.kubeconfig(t, p.user(t)))}), store.Reference{Path: "dev/api", Field: "KEY"})
	if !errors.Is(got.Err, ctx.Err()) || ctx.Err() == nil {
		t.Errorf("%v", got.Err)
	}
}
