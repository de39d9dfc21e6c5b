package vault_test

import (
	"encoding/json"
	"testing"
)

// TestSecretsAreAnsweredAlike has Vault and the emulator go through one life of
// secrets, and compares each answer: status, headers, every field, every word.
func TestSecretsAreAnsweredAlike(t *testing.T) {
	p := newPair(t)
	for _, step := range []struct{ token, method, path, body string }{
		// Version 2.
		{"root", "POST", "/kv/data/prod/web", `{"data":{"KEY":"first","deep":{"NUMBER":12345678901234567890,"none":null}}}`},
		{"root", "PUT", "/kv/data/prod/web", `{"data":{"KEY":"second"},"options":{"cas":1}}`},
		{"root", "POST", "/kv/data/prod/web", `{"data":{"KEY":"late"},"options":{"cas":1}}`},
		{"root", "POST", "/kv/data/prod/web", `{"data":{"KEY":"third","LIST":[1,"two"],"EMPTY":"","INNER":{"a":{"b":1},"c":{}}}}`},
		{"root", "POST", "/kv/data/prod/web", `{}`},
		{"root", "POST", "/kv/data/prod/web", `{"data":`},
		{"root", "GET", "/kv/metadata/prod/web", ""},
		{"root", "POST", "/kv/metadata/prod/web", `{"custom_metadata":{"owner":"payments"}}`},
		{"root", "GET", "/kv/metadata/prod/web", ""},
		{"root", "GET", "/kv/data/prod/web", ""},
		{"root", "GET", "/kv/data/prod/web?version=1", ""},
		{"root", "GET", "/kv/data/prod/web?version=0", ""},
		{"root", "GET", "/kv/data/prod/web?version=", ""},
		{"root", "GET", "/kv/data/prod/web?version=4", ""},
		{"root", "GET", "/kv/data/prod/web?version=-1", ""},
		{"root", "GET", "/kv/data/prod/web?version=previous", ""},
		{"root", "GET", "/kv/subkeys/prod/web", ""},
		{"root", "GET", "/kv/subkeys/prod/none", ""},
		{"root", "GET", "/kv/config", ""},
		{"root", "GET", "/kv/data/prod/none", ""},
		{"root", "GET", "/kv/metadata/prod/none", ""},
		{"root", "LIST", "/kv/metadata/", ""},
		{"root", "LIST", "/kv/metadata/prod", ""},
		{"root", "GET", "/kv/metadata/prod?list=true", ""},
		{"root", "LIST", "/kv/metadata/none", ""},
		{"root", "LIST", "/kv/data/prod", ""},
		// The wrong kind of path.
		{"root", "GET", "/kv/prod/web", ""},
		{"root", "GET", "/kv/data", ""},
		{"root", "GET", "/kv/data/", ""},
		{"root", "GET", "/kv", ""},
		{"root", "GET", "/kv/", ""},
		{"root", "GET", "/one/data/prod/web", ""},
		{"root", "GET", "/nowhere/prod/web", ""},
		{"root", "GET", "/kv//data/prod/web", ""},
		{"root", "GET", "/kv/data/prod/../web", ""},
		{"root", "GET", "/kv/data/prod/two%20words", ""},
		{"root", "GET", "/kv/data/prod/with%2Fslash", ""},
		// Versions that are gone.
		{"root", "POST", "/kv/delete/prod/web", `{"versions":[1]}`},
		{"root", "POST", "/kv/destroy/prod/web", `{"versions":[2]}`},
		{"root", "POST", "/kv/destroy/prod/web", `{}`},
		{"root", "GET", "/kv/data/prod/web?version=1", ""},
		{"root", "GET", "/kv/data/prod/web?version=2", ""},
		{"root", "GET", "/kv/subkeys/prod/web?version=1", ""},
		{"root", "DELETE", "/kv/data/prod/web", ""},
		{"root", "GET", "/kv/data/prod/web", ""},
		{"root", "GET", "/kv/metadata/prod/web", ""},
		{"root", "PUT", "/kv/undelete/prod/web", `{"versions":[1,2,3]}`},
		{"root", "GET", "/kv/data/prod/web", ""},
		{"root", "GET", "/kv/data/prod/web?version=2", ""},
		{"root", "DELETE", "/kv/data/prod/none", ""},
		{"root", "DELETE", "/kv/metadata/prod/web", ""},
		{"root", "GET", "/kv/data/prod/web", ""},
		{"root", "POST", "/kv/metadata/prod/bare", `{"custom_metadata":{"owner":"nobody"}}`},
		{"root", "GET", "/kv/data/prod/bare", ""},
		{"root", "GET", "/kv/metadata/prod/bare", ""},
		// Version 1, and a mount that is deep.
		{"root", "POST", "/one/prod/web", `{"KEY":"first","NUMBER":5,"deep":{"a":true}}`},
		{"root", "PUT", "/one/prod/web", `{"KEY":"second"}`},
		{"root", "PUT", "/one/prod/web", `{}`},
		{"root", "GET", "/one/prod/web", ""},
		{"root", "GET", "/one/prod/none", ""},
		{"root", "LIST", "/one/prod", ""},
		{"root", "LIST", "/one/", ""},
		{"root", "DELETE", "/one/prod/web", ""},
		{"root", "DELETE", "/one/prod/web", ""},
		{"root", "GET", "/one/prod/web", ""},
		{"root", "POST", "/team/kv/data/prod/web", `{"data":{"KEY":"of the team"}}`},
		{"root", "GET", "/team/kv/data/prod/web", ""},
		{"root", "GET", "/team/data/prod/web", ""},
	} {
		p.same(t, step.token, step.method, step.path, step.body)
	}
	// Of more than ten versions the oldest are let go.
	for range 12 {
		p.same(t, "root", "POST", "/kv/data/prod/many", `{"data":{"KEY":"again"}}`)
	}
	for _, path := range []string{"/kv/metadata/prod/many", "/kv/data/prod/many?version=2", "/kv/data/prod/many?version=3"} {
		p.same(t, "root", "GET", path, "")
	}
}

// TestRefusalsAreAnsweredAlike compares what tokens may and may not do.
func TestRefusalsAreAnsweredAlike(t *testing.T) {
	p := newPair(t)
	for _, path := range []string{"/kv/data/prod/web", "/kv/data/prod/closed", "/kv/data/dev/web", "/kv/data/old/web", "/team/kv/data/prod/web"} {
		p.same(t, "root", "POST", path, `{"data":{"KEY":"value"}}`)
	}
	p.same(t, "root", "POST", "/one/prod/web", `{"KEY":"value"}`)
	for _, token := range []string{"", "wrong", "ended", "none", "prod", "writer", "both", "bare"} {
		for _, step := range []struct{ method, path, body string }{
			{"GET", "/kv/data/prod/web", ""},
			{"GET", "/kv/data/prod/none", ""},
			{"GET", "/kv/data/prod/closed", ""},
			{"GET", "/kv/data/dev/web", ""},
			{"GET", "/kv/metadata/prod/web", ""},
			{"LIST", "/kv/metadata/prod", ""},
			{"LIST", "/kv/metadata/prod/", ""},
			{"GET", "/kv/prod/web", ""},
			{"GET", "/one/prod/web", ""},
			{"GET", "/one/prod/deep/web", ""},
			{"GET", "/team/kv/data/prod/web", ""},
			{"GET", "/nowhere/web", ""},
			{"POST", "/kv/data/prod/web", `{"data":{"KEY":"mine"}}`},
			{"POST", "/kv/data/old/none", `{"data":{"KEY":"mine"}}`},
			{"POST", "/kv/data/old/web", `{"data":{"KEY":"mine"}}`},
			{"DELETE", "/kv/data/prod/web", ""},
			{"GET", "/sys/internal/ui/mounts/kv/data/prod/web", ""},
			{"GET", "/sys/internal/ui/mounts/kv", ""},
			{"GET", "/sys/internal/ui/mounts/kv/", ""},
			{"GET", "/sys/internal/ui/mounts/one/prod/web", ""},
			{"GET", "/sys/internal/ui/mounts/team/kv/prod/web", ""},
			{"GET", "/sys/internal/ui/mounts/team", ""},
			{"GET", "/sys/internal/ui/mounts/nowhere/web", ""},
			{"POST", "/sys/capabilities-self", `{"paths":["kv/data/prod/web","kv/data/prod/closed","kv/data/new/x","nowhere"]}`},
			{"GET", "/auth/token/lookup-self", ""},
			{"POST", "/auth/nowhere/login", `{"role":"ci","jwt":"x"}`},
			{"GET", "/sys/health", ""},
			{"GET", "/sys/seal-status", ""},
		} {
			p.same(t, token, step.method, step.path, step.body)
		}
	}
	for range 2 { // the second time it is over
		p.same(t, "spent", "POST", "/auth/token/revoke-self", "")
		p.same(t, "spent", "GET", "/kv/data/prod/web", "")
	}
	p.same(t, "bare", "POST", "/auth/token/revoke-self", "")
	p.same(t, "prod", "GET", "/auth/token/revoke-self", "")
	p.real.seal()
	p.emulated.Seal()
	for _, path := range []string{"/kv/data/prod/web", "/auth/token/lookup-self", "/sys/internal/ui/mounts/kv"} {
		p.same(t, "root", "GET", path, "")
	}
	p.same(t, "", "POST", "/auth/approle/login", `{"role_id":"$roleid","secret_id":"$secretid"}`)
	p.same(t, "", "GET", "/sys/health", "")
	p.same(t, "", "GET", "/sys/seal-status", "")
}

// TestLoginsAreAnsweredAlike compares logins that succeed and that fail.
func TestLoginsAreAnsweredAlike(t *testing.T) {
	p := newPair(t)
	for _, body := range []string{
		`{"role_id":"$roleid","secret_id":"$secretid"}`,
		`{"role_id":"$roleid","secret_id":"wrong"}`,
		`{"role_id":"wrong","secret_id":"$secretid"}`,
		`{"role_id":"$roleid"}`,
		`{"secret_id":"$secretid"}`,
		`{`,
		`{"role_id":"$roleid","secret_id":"$secretid"}`,
		`{"role_id":"$roleid","secret_id":"$secretid"}`, // it is used up
	} {
		p.same(t, "", "POST", "/auth/approle/login", body)
	}
	good := func() fields { return p.identity.claims("acme/api", "https://vault.example") }
	with := func(name string, value any) fields {
		claims := good()
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
		return claims
	}
	now := good()["iat"].(int64)
	login := func(role, token string) {
		t.Helper()
		body, err := json.Marshal(fields{"role": role, "jwt": token})
		if err != nil {
			t.Fatal(err)
		}
		p.same(t, "", "POST", "/auth/jwt/login", string(body))
	}
	for _, claims := range []fields{
		good(),
		with("repository", "acme/other"), with("repository", nil), with("repository", []string{"acme/other", "acme/api"}), with("repository", 5),
		with("repository", "xay-z"), with("repository", "evil/acme/api"),
		with("aud", "https://elsewhere.example"), with("aud", nil), with("aud", []string{"a", "https://vault.example"}),
		with("iss", "https://elsewhere.example"), with("iss", nil),
		with("sub", nil), with("sub", "repo:acme/api:pull_request"),
		with("exp", now-1000), with("exp", now-30), with("exp", nil), with("nbf", now+1000), with("nbf", nil), with("iat", now+1000), with("iat", nil),
	} {
		for _, role := range []string{"ci", "glob", "subject", "anywhere"} {
			login(role, p.identity.sign(claims))
		}
	}
	login("ci", p.forgeries.sign(good()))
	login("ci", p.identity.signAs("none", good()))
	login("ci", p.identity.signAs("HS256", good()))
	login("ci", p.identity.sign(good())+"x")
	login("ci", "no.token")
	login("nobody", p.identity.sign(good()))
	login("", p.identity.sign(good()))
	login("ci", "")
	p.same(t, "", "GET", "/auth/jwt/login", "")
	for _, role := range []string{"ci", "open", "named", "apart", "audience", "none", ""} {
		for _, account := range []string{"$ci", "$web", "$stranger", "$nonsense", ""} {
			p.same(t, "", "POST", "/auth/kubernetes/login", `{"role":"`+role+`","jwt":"`+account+`"}`)
		}
	}
}
