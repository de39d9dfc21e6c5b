//go:build realsops

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/joho/godotenv"
)

// TestRealSops carries secrets from files that the real sops encrypted, with a
// key that the real age-keygen made, to a dotenv file. SOPS and AGE_KEYGEN are
// the paths of the two.
func TestRealSops(t *testing.T) {
	dir := t.TempDir()
	tool := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", filepath.Base(name), err)
		}
		return string(out)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tool(os.Getenv("AGE_KEYGEN"), "-o", "age.key")
	recipient := strings.TrimSpace(tool(os.Getenv("AGE_KEYGEN"), "-y", "age.key"))

	values := map[string]string{
		"FROM_YAML":   "a yaml value: with a colon, 'quotes' and ünïcode",
		"FROM_NESTED": "a nested value\nof two lines",
		"FROM_JSON":   `a {"json": "value"}`,
		"FROM_DOTENV": "a dotenv value with spaces",
		"FROM_BINARY": "a whole file\n",
	}
	write("s.yaml", "FROM_YAML: \"a yaml value: with a colon, 'quotes' and ünïcode\"\ndeep:\n  er: \"a nested value\\nof two lines\"\n")
	write("s.json", `{"FROM_JSON": "a {\"json\": \"value\"}"}`)
	write("s.env", "FROM_DOTENV=a dotenv value with spaces\n")
	write("s.bin", values["FROM_BINARY"])
	for _, name := range []string{"s.yaml", "s.json", "s.env", "s.bin"} {
		tool(os.Getenv("SOPS"), "encrypt", "--age", recipient, "--in-place", name)
	}
	write(".gitignore", ".env*\nage.key\n")
	tool("git", "init", "--quiet")
	write("keyplumb.cue", `package keyplumb

environments: dev: tier: "development"
sources: {
	yaml: {kind: "sops", path: "s.yaml"}
	json: {kind: "sops", path: "s.json"}
	env: {kind: "sops", path: "s.env"}
	bin: {kind: "sops", path: "s.bin"}
}
targets: local: {kind: "dotenv", path: ".env.{env}"}
secrets: {
	FROM_YAML: in: dev: from: source: "yaml"
	FROM_NESTED: in: dev: from: {source: "yaml", field: "deep.er"}
	FROM_JSON: in: dev: from: source: "json"
	FROM_DOTENV: in: dev: from: source: "env"
	FROM_BINARY: in: dev: from: {source: "bin", field: ""}
}
`)
	var out bytes.Buffer
	c := &Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Dir: dir, Environ: []string{"SOPS_AGE_KEY_FILE=" + filepath.Join(dir, "age.key"), "PATH=" + os.Getenv("PATH")}}
	if code := c.Main(t.Context(), []string{"sync"}); code != exitOK {
		t.Fatalf("keyplumb sync ended with %d:\n%s", code, out.String())
	}
	got, err := godotenv.Read(filepath.Join(dir, ".env.dev"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range values {
		if got[name] != value {
			t.Errorf("%s is not what was encrypted", name)
		}
		if strings.Contains(out.String(), value) {
			t.Errorf("the value of %s was printed", name)
		}
	}
}
