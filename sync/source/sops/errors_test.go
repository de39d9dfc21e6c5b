package sops_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"filippo.io/age"
	getsops "github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/logging"

	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/sops"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

func TestBadFiles(t *testing.T) {
	id := identity(t)
	encrypt := func(extension, plain string) []byte {
		return recipe{extension: extension, plain: plain, groups: []getsops.KeyGroup{ageGroup(t, id)}}.encrypt(t)
	}
	good := encrypt("yaml", "A: first\nB: second\nn: 1\n")
	text := string(good)
	lines := strings.SplitAfter(text, "\n")
	swap := func(old, with string) []byte {
		if !strings.Contains(text, old) {
			t.Fatalf("the file has no %q", old)
		}
		return []byte(strings.Replace(text, old, with, 1))
	}
	for _, test := range []struct {
		why, name string
		data      []byte
		kind      error
		says      string
	}{
		{"not encrypted", "f.yaml", []byte("A: plain-canary\n"), store.ErrUnreadable, "not encrypted with sops"},
		{"not encrypted JSON", "f.json", []byte(`{"A":"plain-canary"}`), store.ErrUnreadable, "not encrypted with sops"},
		{"not encrypted dotenv", "f.env", []byte("A=plain-canary\n"), store.ErrUnreadable, "not encrypted with sops"},
		{"not encrypted binary", "f.pem", []byte("plain-canary"), store.ErrUnreadable, "as sops writes it"},
		{"empty", "f.yaml", nil, store.ErrUnreadable, "not YAML"},
		{"another format", "f.json", good, store.ErrUnreadable, "not JSON"},
		{"INI", "f.ini", good, store.ErrInvalid, "INI"},
		{"no YAML", "f.yaml", []byte("A: 'plain-canary\n"), store.ErrUnreadable, "not YAML"},
		{"no dotenv", "f.env", []byte("plain-canary\nsops_version=3\n"), store.ErrUnreadable, "broken"},
		{"cut within its values", "f.yaml", []byte(text[:20]), store.ErrUnreadable, "not encrypted with sops"},
		{"cut within its metadata", "f.yaml", []byte(text[:strings.Index(text, "lastmodified")]), store.ErrUnreadable, "broken"},
		{"cut JSON", "f.json", encrypt("json", `{"A":"b"}`)[:200], store.ErrUnreadable, "not JSON"},
		{"a value gone", "f.yaml", []byte(strings.Join(lines[1:], "")), store.ErrUnreadable, "MAC"},
		{"values in another order", "f.yaml", []byte(lines[1] + lines[0] + strings.Join(lines[2:], "")), store.ErrUnreadable, "MAC"},
		{"a name changed", "f.yaml", swap("A: ", "C: "), store.ErrUnreadable, "MAC"},
		{"a value emptied", "f.yaml", []byte("A: \"\"\n" + strings.Join(lines[1:], "")), store.ErrUnreadable, "MAC"},
		{"a value in plain text", "f.yaml", []byte("A: plain-canary\n" + strings.Join(lines[1:], "")), store.ErrUnreadable, "MAC"},
		{"a value more", "f.yaml", []byte("A_unencrypted: plain-canary\n" + text), store.ErrUnreadable, "MAC"},
		{"another time", "f.yaml", swap("2026-05-04T03:02:01Z", "2026-06-04T03:02:01Z"), store.ErrUnreadable, "MAC"},
		{"no time", "f.yaml", swap("2026-05-04T03:02:01Z", "plain-canary"), store.ErrUnreadable, "broken"},
		{"a damaged data key", "f.yaml", swap("YWdlLWVu", "YWdlLWVv"), store.ErrUnreadable, "data key"},
		{"several documents", "f.yaml", []byte(text + "---\n" + text), store.ErrUnreadable, "several YAML documents"},
		{"aliases without end", "f.yaml", []byte(bomb()), store.ErrUnreadable, ""},
		{"nested without end", "f.json", bytes.Repeat([]byte(`{"a":`), 1<<19), store.ErrUnreadable, "not JSON"},
		{"too large", "f.yaml", append(bytes.Clone(good), make([]byte, sops.MaxFile)...), store.ErrTooLarge, ""},
		{"a key that is no text", "f.yaml", swap("B: ", "{x: y}: "), store.ErrUnreadable, ""},
	} {
		t.Run(test.why, func(t *testing.T) {
			got := read(t, source(test.name, test.data, id), test.name, "B")
			failed, ok := errors.AsType[*store.Error](got.Err)
			if !ok || !errors.Is(failed, test.kind) || !strings.Contains(failed.Error(), test.says) {
				t.Fatalf("%v, want %v, saying %q", got.Err, test.kind, test.says)
			}
			if strings.Contains(failed.Error()+failed.Hint, "canary") {
				t.Errorf("shows what it read: %v", failed)
			}
			if errors.Is(test.kind, store.ErrUnreadable) && failed.Hint == "" {
				t.Errorf("no hint: %v", failed)
			}
		})
	}
}

// bomb is YAML that grows without end where aliases are followed.
func bomb() string {
	text := "a0: &a0 [x, x]\n"
	for i := 1; i < 40; i++ {
		n, m := string(rune('a'+i%26))+strings.Repeat("z", i), string(rune('a'+(i-1)%26))+strings.Repeat("z", i-1)
		if i == 1 {
			m = "a0"
		}
		text += n + ": &" + n + " [*" + m + ", *" + m + "]\n"
	}
	return text + "sops:\n    version: 3.13.3\n"
}

func TestKeys(t *testing.T) {
	id, other := identity(t), identity(t)
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	data := recipe{extension: "yaml", plain: "A: value\n", groups: []getsops.KeyGroup{ageGroup(t, id)}}.encrypt(t)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct {
		why, key, file string
		says, hint     string // "" where the value is read
	}{
		{"in the environment", id.String(), "", "", ""},
		{"among others", "# mine\n" + other.String() + " " + hybrid.String() + "\r\n  " + id.String() + "\n", "", "", ""},
		{"in a file", "", file("keys", "# created: today\n# public key: "+id.Recipient().String()+"\n"+id.String()+"\n"), "", ""},
		{"in a file, another in the environment", other.String(), file("keys", id.String()), "", ""},
		{"none", "", "", "no age key given", "SOPS_AGE_KEY"},
		{"blank", " \n# nothing\n", "", "no age key given", "SOPS_AGE_KEY"},
		{"the wrong one", other.String(), "", "none of the age keys given opens it", "it is encrypted for " + id.Recipient().String()},
		{"cut short", id.String()[:40], "", "SOPS_AGE_KEY holds something that is no age identity", "age-keygen"},
		{"the public key", id.Recipient().String(), "", "no age identity", "age-keygen"},
		{"a plugin's", "AGE-PLUGIN-" + "CANARY-1QQQ", "", "plugin", "age-keygen"},
		{"an ssh key", "", file("ssh", "-----BEGIN OPENSSH "+"PRIVATE KEY-----\ncanary\n"), "SOPS_AGE_KEY_FILE names holds something that is no age identity", "ssh"},
		{"no file", "", filepath.Join(dir, "none"), "cannot be opened", "path"},
		{"a folder", "", dir, "cannot be read", "SOPS_AGE_KEY"},
		{"a file without end", "", "/dev/zero", "too long", "SOPS_AGE_KEY"},
	} {
		t.Run(test.why, func(t *testing.T) {
			s := sops.New(sops.Options{
				FS: fstest.MapFS{"f.yaml": {Data: data}}, Path: "f.yaml", AgeKey: secret.New([]byte(test.key)), KeyFile: test.file,
			})
			got := read(t, s, "", "A")
			if test.says == "" {
				if got.Err != nil || string(got.Value.Reveal()) != "value" {
					t.Errorf("%v, want the value", got.Err)
				}
				return
			}
			if !errors.Is(got.Err, store.ErrUnauthentic) || !strings.Contains(got.Err.Error(), test.says) || !strings.Contains(store.Hint(got.Err), test.hint) {
				t.Errorf("%v (hint: %s), want one that says %q and hints at %q", got.Err, store.Hint(got.Err), test.says, test.hint)
			}
			for _, id := range []string{id.String(), other.String(), id.String()[:40]} {
				if strings.Contains(got.Err.Error()+store.Hint(got.Err), id) {
					t.Error("an error shows an age key")
				}
			}
		})
	}
}

// TestHintShowsOnlyKeys: a recipient is anyone's text.
func TestHintShowsOnlyKeys(t *testing.T) {
	id := identity(t)
	data := recipe{extension: "yaml", plain: "A: value\n", groups: []getsops.KeyGroup{ageGroup(t, id)}}.encrypt(t)
	planted := strings.Replace(string(data), id.Recipient().String(), `"\e[31mcanary\n::warning::canary"`, 1)
	got := read(t, source("f.yaml", []byte(planted), identity(t)), "f.yaml", "A")
	if !errors.Is(got.Err, store.ErrUnauthentic) || strings.Contains(got.Err.Error()+store.Hint(got.Err), "canary") {
		t.Errorf("%v (hint: %s)", got.Err, store.Hint(got.Err))
	}
}

// TestSilent: sops logs comments, decrypted, that it cannot make sense of.
func TestSilent(t *testing.T) {
	var logged bytes.Buffer
	for _, logger := range logging.Loggers {
		before := logger.Out
		logger.SetOutput(&logged)
		t.Cleanup(func() { logger.SetOutput(before) })
	}
	id := identity(t)
	data := recipe{extension: "yaml", plain: "# canary\nA: value\n", groups: []getsops.KeyGroup{ageGroup(t, id)}}.encrypt(t)
	data = append([]byte("# a canary in plain text\n"), data...)
	read(t, source("f.yaml", data, id), "f.yaml", "A")
	read(t, source("f.yaml", data[:len(data)/2], id), "f.yaml", "A")
	if logged.Len() > 0 {
		t.Errorf("logged: %s", logged.String())
	}
}

func TestFieldsListed(t *testing.T) {
	id := identity(t)
	data := recipe{extension: "yaml", plain: "# c\nz: 1\na:\n    b: x\n    c: {d: y}\nl: [1]\n", groups: []getsops.KeyGroup{ageGroup(t, id)}}.encrypt(t)
	got := read(t, source("f.yaml", data, id), "f.yaml", "nope")
	failed, ok := errors.AsType[*store.Error](got.Err)
	if !ok || strings.Join(failed.Fields, " ") != "a.b a.c.d l z" {
		t.Errorf("fields %v, %v", failed.Fields, got.Err)
	}
}

// FuzzDamage: a damaged file is an error or says what the whole one says; it
// never panics, nor gives another value, nor shows one.
func FuzzDamage(f *testing.F) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	canary := storetest.Canaries()[4]
	files := map[string][]byte{}
	for extension, plain := range map[string]string{"yaml": "A: " + canary.Value + "\n", "json": `{"A":"` + canary.Value + `"}`, "env": "A=" + canary.Value + "\n"} {
		files[extension] = recipe{extension: extension, plain: plain, groups: []getsops.KeyGroup{ageGroup(&testing.T{}, id)}}.encrypt(&testing.T{})
	}
	f.Add("yaml", uint16(3), uint16(4), "x")
	f.Add("json", uint16(0), uint16(200), "")
	f.Add("env", uint16(7), uint16(0), "\n")
	f.Fuzz(func(t *testing.T, extension string, at, cut uint16, with string) {
		data, known := files[extension]
		if !known || int(at)+int(cut) > len(data) {
			return
		}
		damaged := append(append(bytes.Clone(data[:at]), with...), data[int(at)+int(cut):]...)
		got := read(t, source("f."+extension, damaged, id), "f."+extension, "A")
		if got.Err == nil && string(got.Value.Reveal()) != canary.Value {
			t.Fatal("another value")
		}
		canary.Absent(t, got.Err)
	})
}
