package policy

import (
	"fmt"
	"testing"
	"testing/fstest"
)

func TestServer(t *testing.T) {
	for _, tt := range []struct{ kind, url, want string }{
		{"gitlab", "", "https://gitlab.com"},
		{"gitlab", "https://GitLab.com/", "https://gitlab.com"},
		{"gitlab", "https://gitlab.com:443/api/v4/", "https://gitlab.com"},
		{"gitlab", "https://gitlab.example.com:8443/Git/api/v4", "https://gitlab.example.com:8443/Git"},
		{"gitlab", "http://127.0.0.1:80", "http://127.0.0.1"},
		{"gitlab", "http://[::1]:4430", "http://[::1]:4430"},
		{"github", "", ""},
	} {
		if got := (&Target{Kind: tt.kind, URL: tt.url}).Server(); got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.kind, tt.url, got, tt.want)
		}
	}
}

// TestGitLabPaths loads the paths that GitLab has; those that it has not are
// among the bad policies.
func TestGitLabPaths(t *testing.T) {
	for _, place := range []string{
		`project: "acme/web"`, `project: "acme/team/sub/web"`, `project: "42/7"`, `project: "_acme/.profile"`, `project: "Acme/web.v2-x"`,
		`group: "acme"`, `group: "acme/team/sub"`, `group: "42/7"`, `group: "a"`,
	} {
		mustLoad(t, Options{FS: fstest.MapFS{"keyplumb.cue": {Data: fmt.Appendf(nil, `package keyplumb

environments: dev: tier: "development"
sources: files: {kind: "sops", path: "secrets.{env}.yaml"}
targets: web: {kind: "gitlab", %s}
secrets: {}
`, place)}}})
	}
}
