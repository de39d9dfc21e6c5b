//go:build realsops

package sops_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyplumb/keyplumb/sync/source/sops"
	"github.com/keyplumb/keyplumb/sync/store"
)

// A workshop is a folder in which the real sops and age-keygen work. SOPS and
// AGE_KEYGEN are the paths of the two.
type workshop struct {
	t   *testing.T
	dir string
}

func (w workshop) run(name string, args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), os.Getenv(name), args...)
	cmd.Dir = w.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "SOPS_AGE_KEY_FILE=" + filepath.Join(w.dir, "keys")}
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("%s %s: %v", name, args[0], err)
	}
	return string(out)
}

// key makes an identity, adds it to the key file and gives its recipient.
func (w workshop) key() string {
	w.t.Helper()
	text := w.run("AGE_KEYGEN")
	file, err := os.OpenFile(filepath.Join(w.dir, "keys"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // a failed write is seen when sops reads
	fmt.Fprint(file, text)
	for line := range strings.Lines(text) {
		if recipient, found := strings.CutPrefix(line, "# public key: "); found {
			return strings.TrimSpace(recipient)
		}
	}
	w.t.Fatal("age-keygen names no public key")
	return ""
}

func (w workshop) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w workshop) source() store.Source {
	return sops.New(sops.Options{FS: os.DirFS(w.dir), KeyFile: filepath.Join(w.dir, "keys")})
}

const document = `# a comment
text: 'plain: "text"'
lines: |
    one
    two
whole: 42
real: 1.5
flag: true
deep: {er: {most: found}, "a.b": dotted}
list: [1, two]
left_unencrypted: seen
`

// TestRealSops reads what the real sops wrote and compares with what it says
// itself: the whole with `sops decrypt`, each field with its --extract.
func TestRealSops(t *testing.T) {
	for _, test := range []struct {
		why, name, plain string
		rules            string            // of .sops.yaml
		fields           map[string]string // our field → sops' path
	}{
		{"YAML", "f.yaml", document, "", map[string]string{
			"text": `["text"]`, "lines": `["lines"]`, "whole": `["whole"]`, "real": `["real"]`, "flag": `["flag"]`,
			"deep.er.most": `["deep"]["er"]["most"]`, "deep.a.b": `["deep"]["a.b"]`, "deep.er": `["deep"]["er"]`, "list": `["list"]`,
			"left_unencrypted": `["left_unencrypted"]`,
		}},
		{"YAML, by a pattern", "f.yml", document, `encrypted_regex: "^(text|deep)$", `, map[string]string{"text": `["text"]`, "flag": `["flag"]`}},
		{"YAML, a MAC of what is encrypted", "f.yaml", document, "encrypted_suffix: t, mac_only_encrypted: true, ", map[string]string{"text": `["text"]`, "lines": `["lines"]`}},
		{"JSON", "f.json", `{"text": "plain", "n": 12, "deep": {"er": "found"}}`, "", map[string]string{"text": `["text"]`, "deep.er": `["deep"]["er"]`, "deep": `["deep"]`}},
		{"dotenv", "f.env", "TEXT=plain text\nQUOTED='x'\nLINES=one\\ntwo\n", "", map[string]string{"TEXT": `["TEXT"]`, "QUOTED": `["QUOTED"]`, "LINES": `["LINES"]`}},
		{"binary", "f.pem", "any\x00bytes\xff\n", "", nil},
	} {
		t.Run(test.why, func(t *testing.T) {
			w := workshop{t, t.TempDir()}
			w.write(".sops.yaml", "creation_rules: [{"+test.rules+"age: '"+w.key()+","+w.key()+"'}]\n")
			w.write(test.name, test.plain)
			before := time.Now().Truncate(time.Second)
			w.run("SOPS", "encrypt", "--in-place", test.name)
			whole := read(t, w.source(), test.name, "")
			if want := w.run("SOPS", "decrypt", test.name); whole.Err != nil || string(whole.Value.Reveal()) != want {
				t.Errorf("the whole is not what sops says: %v", whole.Err)
			}
			if whole.Changed.Before(before) || whole.Changed.After(time.Now()) {
				t.Errorf("changed %v", whole.Changed)
			}
			for field, path := range test.fields {
				got := read(t, w.source(), test.name, field)
				// sops ends what is no text with a line break, as documents end.
				want := strings.TrimSuffix(w.run("SOPS", "decrypt", "--extract", path, test.name), "\n")
				if got.Err != nil || strings.TrimSuffix(string(got.Value.Reveal()), "\n") != want {
					t.Errorf("%s: %q, sops says %q (%v)", field, got.Value.Reveal(), want, got.Err)
				}
			}
			w.run("SOPS", "rotate", "--in-place", test.name)
			if after := read(t, w.source(), test.name, ""); after.Err != nil || !after.Value.Equal(whole.Value) || after.Version == whole.Version {
				t.Errorf("after a rotation: %v; another version: %v", after.Err, after.Version != whole.Version)
			}
		})
	}
}

func TestRealSopsKeyGroups(t *testing.T) {
	w := workshop{t, t.TempDir()}
	w.write(".sops.yaml", "creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: ["+w.key()+"]\n      - age: ["+w.key()+"]\n      - age: ["+w.key()+"]\n")
	w.write("f.yaml", "NAME: value\n")
	w.run("SOPS", "encrypt", "--in-place", "f.yaml")
	if got := read(t, w.source(), "f.yaml", "NAME"); got.Err != nil || string(got.Value.Reveal()) != "value" {
		t.Errorf("%v", got.Err)
	}
}
