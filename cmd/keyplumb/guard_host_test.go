package main

import "testing"

func TestHostAllowed(t *testing.T) {
	const (
		public = "https://vault.public.example"
		own    = "https://vault.acme.example:8200"
		other  = "https://vault.mallory.example"
	)
	ci := job{ci: unknownCI}
	hub := job{ci: githubCI, server: "https://github.acme.example/api/v3"}
	for _, test := range []struct {
		name    string
		address address
		job     job
		allow   []string
		want    string // "" is refused
	}{
		{"nothing", address{}, job{}, nil, ""},
		{"default", address{public: public}, ci, nil, public},
		{"policy alone, at home", address{policy: own, public: public}, job{}, nil, own},
		{"environment alone, at home", address{environment: own, public: public}, job{}, nil, own},
		{"they differ, at home", address{policy: own, environment: other}, job{}, nil, ""},
		{"they differ, both allowed", address{policy: own, environment: other}, ci, []string{"vault.acme.example", "vault.mallory.example"}, ""},
		{"one is the default", address{policy: public, environment: other, public: public}, ci, nil, ""},
		{"both", address{policy: own, environment: own}, ci, nil, own},
		{"both, but for spelling", address{policy: own, environment: "https://VAULT.acme.example:8200/"}, ci, nil, own},
		{"both, but for the port", address{policy: own, environment: "https://vault.acme.example"}, ci, nil, ""},
		{"both, port spelled out", address{policy: public, environment: public + ":443"}, ci, nil, public},
		{"both, but for the scheme", address{policy: own, environment: "http://vault.acme.example:8200"}, ci, nil, ""},
		{"both, but for the path", address{policy: own + "/a", environment: own + "/b"}, ci, nil, ""},
		{"both, but for the query", address{policy: own, environment: own + "?to=b"}, ci, nil, ""},
		{"policy alone", address{policy: own, public: public}, ci, nil, ""},
		{"environment alone", address{environment: own, public: public}, ci, nil, ""},
		{"policy alone, default", address{policy: public, public: public}, ci, nil, public},
		{"default without TLS", address{policy: "http://vault.public.example", public: public}, ci, nil, ""},
		{"default, other port", address{policy: public + ":8443", public: public}, ci, nil, ""},
		{"policy alone, allowed", address{policy: own}, ci, []string{"vault.acme.example"}, own},
		{"allowed with its port", address{policy: own}, ci, []string{"Vault.acme.example:8200"}, own},
		{"allowed with another port", address{policy: own}, ci, []string{"vault.acme.example:443"}, ""},
		{"another allowed", address{policy: own}, ci, []string{"acme.example", ".acme.example", "*"}, ""},
		{"loopback", address{policy: "http://127.0.0.1:8200"}, ci, nil, "http://127.0.0.1:8200"},
		{"loopback 6", address{policy: "http://[::1]:8200"}, ci, nil, "http://[::1]:8200"},
		{"localhost", address{environment: "http://localhost:8200"}, ci, nil, "http://localhost:8200"},
		{"no localhost", address{environment: "http://localhost.mallory.example"}, ci, nil, ""},
		{"no loopback", address{environment: "http://127.0.0.1.mallory.example"}, ci, nil, ""},
		{"user that looks like a host", address{policy: "https://vault.public.example@mallory.example", public: public}, ci, nil, ""},
		{"credential in it, at home", address{policy: "https://user:word@vault.acme.example"}, job{}, nil, ""},
		{"not http", address{policy: "file:///etc/passwd"}, job{}, nil, ""},
		{"not a URL", address{policy: "vault.acme.example:8200"}, job{}, nil, ""},
		{"GitHub's own", address{variable: "GITHUB_API_URL", environment: "https://github.acme.example/api/v3", public: "https://api.github.com/"}, hub, nil, "https://github.acme.example/api/v3"},
		{"GitHub's own, for a vault", address{policy: "https://github.acme.example/pages/mallory"}, hub, nil, ""},
		{"GitHub's own, elsewhere", address{variable: "GITHUB_API_URL", environment: "https://github.acme.example/api/v3", public: "https://api.github.com/"}, ci, nil, ""},
		{"not GitHub's own", address{policy: other, public: "https://api.github.com/"}, hub, nil, ""},
		{"a GitHub job without API", address{policy: other}, job{ci: githubCI}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.address.service = "source vault"
			if test.address.variable == "" {
				test.address.variable = "VAULT_ADDR"
			}
			got, err := hostAllowed(test.address, test.job, test.allow)
			if got != test.want || (err == nil) != (test.want != "") {
				t.Fatalf("got %q, %v; want %q", got, err, test.want)
			}
			if err != nil && (codeOf(err) != exitFailed || hintOf(err) == "") {
				t.Errorf("exit code %d, hint %q", codeOf(err), hintOf(err))
			}
		})
	}
}
