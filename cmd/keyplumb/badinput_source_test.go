package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"filippo.io/age"
)

func TestBadSource(t *testing.T) {
	tryBadInputs(t, []badInput{
		{name: "a secret that the source does not have", prepare: func(s *stage) { s.seal("prod", map[string]string{"SECOND": "two", "PLAIN": "p"}) },
			code: exitFindings, want: []string{"error[missing-value]", "FIRST", "prod", "secrets.prod.yaml", "keyplumb.cue:10:2", "there are: PLAIN, SECOND"}},
		{name: "an empty value", prepare: func(s *stage) { s.change("FIRST", "") }, code: exitFindings, want: []string{"error[missing-value]", "FIRST", "prod", "empty", "help:"}},
		{name: "a value over 48 KB", prepare: func(s *stage) { s.change("FIRST", strings.Repeat("x", 48<<10+1)) }, code: exitFindings,
			want: []string{"error[too-large]", "FIRST", "48 KB", "help: "}},
		{name: "a NUL byte", prepare: func(s *stage) { s.change("FIRST", "one\x00two") }, code: exitFindings, want: []string{"error[invalid-value]", "FIRST", "NUL"}},
		{name: "a file that is not there", prepare: func(s *stage) { s.remove("secrets.prod.yaml") }, code: exitFailed, want: []string{"read secrets.prod.yaml: not found", "hint: "}},
		{name: "a file that may not be read", prepare: func(s *stage) {
			s.remove("secrets.prod.yaml")
			if err := os.Mkdir(filepath.Join(s.dir, "secrets.prod.yaml"), 0o700); err != nil {
				s.t.Fatal(err)
			}
		}, code: exitFailed, want: []string{"secrets.prod.yaml: unreadable: "}},
		{name: "a file that is a link out of the repository", prepare: func(s *stage) {
			outside := filepath.Join(s.t.TempDir(), "secrets.yaml")
			if err := os.Rename(filepath.Join(s.dir, "secrets.prod.yaml"), outside); err != nil {
				s.t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(s.dir, "secrets.prod.yaml")); err != nil {
				s.t.Fatal(err)
			}
		}, code: exitFailed, want: []string{"secrets.prod.yaml: unreadable: "}},
		{name: "a file that is not encrypted", prepare: func(s *stage) { s.write("secrets.prod.yaml", "FIRST: one\n") }, code: exitFailed,
			want: []string{"secrets.prod.yaml", "not encrypted with sops", "hint: encrypt it"}},
		{name: "a file cut short", prepare: func(s *stage) { s.edit("secrets.prod.yaml", func(t string) string { return t[:len(t)/2] }) }, code: exitFailed,
			want: []string{"secrets.prod.yaml", "hint: restore the file from git"}},
		{name: "a file that was changed", prepare: func(s *stage) {
			s.edit("secrets.prod.yaml", func(t string) string { return swap(t, "FIRST: ENC", "THIRST: ENC") })
		}, code: exitFailed, want: []string{"secrets.prod.yaml", "changed without sops", "hint: restore the file from git"}},
		{name: "the wrong age key", prepare: func(s *stage) {
			other, err := age.GenerateX25519Identity()
			if err != nil {
				s.t.Fatal(err)
			}
			s.setenv("SOPS_AGE_KEY", other.String())
		}, code: exitFailed, errors: 2, want: []string{"secrets.prod.yaml", "none of the age keys given opens it", "hint: it is encrypted for age1", "SOPS_AGE_KEY"}},
		{name: "no age key", prepare: env("SOPS_AGE_KEY", ""), code: exitFailed, errors: 2, want: []string{"age key", "hint: ", "SOPS_AGE_KEY"}},
		{name: "an age key that is none", prepare: env("SOPS_AGE_KEY", "not a key"), code: exitFailed, errors: 2, want: []string{"SOPS_AGE_KEY", "hint: "}, never: []string{"not a key"}},
	})
}

func (s *stage) edit(name string, change func(string) string) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name, change(string(text)))
}

// TestKeyServersOfSOPSFiles plants key servers in a file's metadata, beside the
// age key and in its place. None of them may be asked: whoever edits the file
// would choose where the credentials in the environment are sent.
func TestKeyServersOfSOPSFiles(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]string{
		"HashiCorp Vault":  "    hc_vault:\n        - vault_address: URL\n          engine_path: sops\n          key_name: k\n          created_at: \"2026-01-01T00:00:00Z\"\n          enc: vault:v1:AAAA\n",
		"AWS KMS":          "    kms:\n        - arn: arn:aws:kms:us-east-1:000000000000:key/k\n          created_at: \"2026-01-01T00:00:00Z\"\n          enc: AAAA\n          aws_profile: \"\"\n",
		"Azure Key Vault":  "    azure_kv:\n        - vault_url: URL\n          name: k\n          version: v\n          created_at: \"2026-01-01T00:00:00Z\"\n          enc: AAAA\n",
		"Google Cloud KMS": "    gcp_kms:\n        - resource_id: projects/p/locations/global/keyRings/r/cryptoKeys/k\n          created_at: \"2026-01-01T00:00:00Z\"\n          enc: AAAA\n",
	} {
		for _, beside := range []bool{true, false} {
			t.Run(name+map[bool]string{true: " beside age", false: " alone"}[beside], func(t *testing.T) {
				t.Parallel()
				var asked atomic.Int32
				listener := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
				t.Cleanup(listener.Close)
				s := unsynced(t)
				for _, variable := range []string{"VAULT_ADDR", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "SOPS_KEYSERVICE", "HTTPS_PROXY"} {
					s.setenv(variable, listener.URL)
				}
				s.setenv("VAULT_TOKEN", "planted")
				s.setenv("AWS_ACCESS_KEY_ID", "planted")
				s.setenv("AWS_SECRET_ACCESS_KEY", "planted")
				s.edit("secrets.prod.yaml", func(text string) string {
					head, meta, ok := strings.Cut(text, "sops:\n")
					if !ok {
						t.Fatalf("no metadata in\n%s", text)
					}
					if !beside {
						meta = meta[strings.Index(meta, "    lastmodified:"):]
					}
					return head + "sops:\n" + strings.ReplaceAll(metadata, "URL", listener.URL) + meta
				})
				if beside {
					if code, stdout, stderr := s.runAlone("plan"); code != exitOK {
						t.Errorf("plan ended with %d\n%s%s", code, stdout, stderr)
					}
				} else {
					(&badInput{alone: true, code: exitFailed, want: []string{"secrets.prod.yaml", "encrypted for " + name + " only", "hint: add an age recipient"}}).try(s)
				}
				if n := asked.Load(); n != 0 {
					t.Errorf("the listener got %d requests", n)
				}
			})
		}
	}
}
