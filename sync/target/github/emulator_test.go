package github_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/store"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
	"github.com/keyplumb/keyplumb/sync/target/github"
)

func TestRotatedKey(t *testing.T) {
	hub := emulate(t)
	target, at := openAt(t, hub.URL, github.Options{}), emulator.InEnvironment("acme/api", "prod")
	for _, value := range []string{"first", "second"} {
		if _, err := target.Put(t.Context(), placement("environment:prod", store.Secret, "NAME", value, nil)); err != nil {
			t.Fatal(err)
		}
		if got, _ := hub.SecretValue(at, "NAME"); got != value {
			t.Errorf("GitHub has %q, want %q", got, value)
		}
		if err := hub.RotateKey(at); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRenamed: nothing is carried to a repository that has another name now.
func TestRenamed(t *testing.T) {
	hub := emulate(t)
	hub.RenameRepository("acme/api", "acme/backend")
	target, ctx := openAt(t, hub.URL, github.Options{Create: true}), t.Context()
	_, err := target.Identity(ctx)
	if !errors.Is(err, store.ErrMoved) || !strings.Contains(err.Error(), "acme/backend") {
		t.Errorf("identity: %v", err)
	}
	const scope = "environment:prod"
	for what, err := range map[string]error{
		"list":    second(target.List(ctx, scope, secrets)),
		"prepare": target.Prepare(ctx, scope),
		"put":     second(target.Put(ctx, placement(scope, store.Secret, "NAME", "value", nil))),
		"delete":  target.Delete(ctx, scope, store.Secret, "NAME"),
		"read":    second(target.ReadShard(ctx, scope, 1)),
		"write":   target.WriteShard(ctx, scope, 1, "text"),
	} {
		if !errors.Is(err, store.ErrMoved) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if snapshot := hub.Snapshot(); strings.Contains(snapshot, "NAME") || strings.Contains(snapshot, "LEDGER") {
		t.Errorf("something was written:\n%s", snapshot)
	}
}

// TestProtectionStays: a policy that may create environments does nothing to
// one that is there.
func TestProtectionStays(t *testing.T) {
	hub := emulate(t)
	protect(t, hub.URL, `{"wait_timer":30,"reviewers":null,"deployment_branch_policy":{"protected_branches":true,"custom_branch_policies":false}}`)
	before := hub.Snapshot()
	if !strings.Contains(before, "wait=30") {
		t.Fatalf("not protected:\n%s", before)
	}
	target := openAt(t, hub.URL, github.Options{Create: true})
	for _, err := range []error{second(target.List(t.Context(), "environment:prod", secrets)), target.Prepare(t.Context(), "environment:prod")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if after := hub.Snapshot(); after != before {
		t.Errorf("was\n%s, is\n%s", before, after)
	}
	if err := target.Prepare(t.Context(), "environment:new/one"); err != nil {
		t.Fatal(err)
	}
	if after := hub.Snapshot(); !strings.Contains(after, "environment new/one:") || asked(hub, http.MethodPut) != 2 {
		t.Errorf("not created:\n%s", after)
	}
}

func protect(t *testing.T, url, protection string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, url+"/repos/acme/api/environments/prod", strings.NewReader(protection))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer a token")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("protect: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
}

// TestOrganizationSecrets follows a secret through its visibilities, in every
// store.
func TestOrganizationSecrets(t *testing.T) {
	for _, storeName := range []string{github.Actions, github.Dependabot, github.Codespaces} {
		t.Run(storeName, func(t *testing.T) {
			hub := emulate(t)
			target := openAt(t, hub.URL, github.Options{ScopeKind: github.ScopeOrganization, Store: storeName})
			line := fmt.Sprintf("organization acme %s secret NAME = ", storeName)
			for _, step := range []struct {
				value      string
				attributes store.Attributes
				want       string
			}{
				{"1", store.Attributes{"visibility": "selected", "repositories": "api,web"}, `"1" selected acme/api acme/web`},
				{"2", nil, `"2" selected acme/api acme/web`},
				{"3", store.Attributes{"visibility": "selected", "repositories": "docs"}, `"3" selected acme/docs`},
				{"4", store.Attributes{"visibility": "selected", "repositories": ""}, `"4" selected`},
				{"5", store.Attributes{"visibility": "all"}, `"5" all`},
				{"6", nil, `"6" all`},
				{"7", store.Attributes{"visibility": "private"}, `"7" private`},
			} {
				if _, err := target.Put(t.Context(), placement("organization", store.Secret, "NAME", step.value, step.attributes)); err != nil {
					t.Fatal(err)
				}
				if got := hub.Snapshot(); !strings.Contains(got, line+step.want+"\n") {
					t.Errorf("want %s%s, is\n%s", line, step.want, got)
				}
			}
		})
	}
}

// TestFaults: what is not an answer is never taken for one, and what is
// idempotent is tried again.
func TestFaults(t *testing.T) {
	const secretsPath = env + "/secrets"
	list := emulator.On(http.MethodGet, secretsPath)
	tests := []struct {
		name  string
		fault emulator.Fault
		want  error // of a listing; nil: it is whole
	}{
		{"cut short", emulator.Fault{When: list, Effect: emulator.ShortList(1)}, store.ErrUnavailable},
		{"malformed", emulator.Fault{When: list, Effect: emulator.Malformed()}, store.ErrUnavailable},
		{"too long", emulator.Fault{When: list, Effect: emulator.Oversized(33 << 20)}, store.ErrUnavailable},
		{"redirected elsewhere", emulator.Fault{When: list, Effect: emulator.Redirect(302, "https://evil.example.com/")}, store.ErrMoved},
		{"dropped once", emulator.Fault{When: list, Times: 1, Effect: emulator.DropBefore()}, nil},
		{"answer lost once", emulator.Fault{When: list, Times: 1, Effect: emulator.DropAfter()}, nil},
		{"answer cut once", emulator.Fault{When: list, Times: 1, Effect: emulator.Truncate()}, nil},
		{"failed once", emulator.Fault{When: list, Times: 1, Effect: emulator.Echo(502)}, nil},
		{"too fast once", emulator.Fault{When: list, Times: 1, Effect: emulator.SecondaryLimit(403, 1)}, nil},
		{"too fast for long", emulator.Fault{When: list, Effect: emulator.SecondaryLimit(429, 4000)}, store.ErrThrottled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			hub := emulate(t)
			for i := range 3 {
				if err := hub.SetSecret(emulator.InEnvironment("acme/api", "prod"), fmt.Sprintf("NAME_%d", i), "value"); err != nil {
					t.Fatal(err)
				}
			}
			hub.Inject(test.fault)
			target := openAt(t, hub.URL, github.Options{})
			listing, err := target.List(t.Context(), "environment:prod", secrets)
			if !errors.Is(err, test.want) || err == nil && len(listing.Items) != 3 {
				t.Errorf("%d items, %v, want %v", len(listing.Items), err, test.want)
			}
			if requests, _ := target.Requests(); requests != len(hub.Requests()) {
				t.Errorf("counted %d requests, GitHub had %d", requests, len(hub.Requests()))
			}
		})
	}
}

// TestWriteWhoseAnswerIsLost is sent again, and counted twice.
func TestWriteWhoseAnswerIsLost(t *testing.T) {
	hub := emulate(t)
	hub.Inject(emulator.Fault{When: emulator.On(http.MethodPut, env+"/secrets/NAME"), Times: 1, Effect: emulator.DropAfter()})
	target := openAt(t, hub.URL, github.Options{})
	if _, err := target.Put(t.Context(), placement("environment:prod", store.Secret, "NAME", "value", nil)); err != nil {
		t.Fatal(err)
	}
	if _, writes := target.Requests(); writes != 2 || asked(hub, http.MethodPut) != 2 {
		t.Errorf("counted %d writes, GitHub had %d", writes, asked(hub, http.MethodPut))
	}
}

// TestAppsToken: the emulator grants what was asked for and checks it at each
// call, so that a permission too few fails.
func TestAppsToken(t *testing.T) {
	key, encoded := appKey(t)
	tests := []struct {
		name    string
		options github.Options
		scope   store.Scope
		granted map[string]string
	}{
		{"environment", github.Options{Variables: true}, "environment:prod", map[string]string{"environments": "write"}},
		{"new environment", github.Options{Create: true}, "environment:new", map[string]string{"environments": "write", "administration": "write", "actions": "read"}},
		{"repository", github.Options{ScopeKind: "repository", Variables: true}, "repository", map[string]string{"secrets": "write", "actions_variables": "write"}},
		{"Dependabot", github.Options{ScopeKind: "repository", Store: "dependabot", Variables: true}, "repository", map[string]string{"dependabot_secrets": "write", "actions_variables": "write"}},
		{"Codespaces", github.Options{ScopeKind: "repository", Store: "codespaces", Variables: true}, "repository", map[string]string{"codespaces_secrets": "write", "actions_variables": "write"}},
		{
			"organization", github.Options{ScopeKind: "organization", Variables: true}, "organization",
			map[string]string{"organization_secrets": "write", "organization_actions_variables": "write"},
		},
		{
			"organization's Dependabot", github.Options{ScopeKind: "organization", Store: "dependabot", Variables: true}, "organization",
			map[string]string{"organization_dependabot_secrets": "write", "organization_actions_variables": "write"},
		},
		{
			"organization's Codespaces", github.Options{ScopeKind: "organization", Store: "codespaces", Variables: true}, "organization",
			map[string]string{"organization_codespaces_secrets": "write", "organization_actions_variables": "write"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hub := emulate(t)
			test.granted["metadata"] = "read"
			hub.AddApp(emulator.App{ID: 123, PublicKey: &key.PublicKey, Permissions: test.granted})
			hub.InstallApp(123, "acme")
			test.options.App = &github.App{ID: "123", Key: secret.New(encoded)}
			target, ctx := openAt(t, hub.URL, test.options), t.Context()
			steps := []func() error{
				func() error { return second(target.Identity(ctx)) },
				func() error { return second(target.List(ctx, test.scope, secrets)) },
				func() error { return target.Prepare(ctx, test.scope) },
				func() error {
					return second(target.Put(ctx, placement(test.scope, store.Secret, "NAME", "value", nil)))
				},
				func() error { return target.Delete(ctx, test.scope, store.Secret, "NAME") },
			}
			if test.options.Variables {
				steps = append(steps,
					func() error { return second(target.ReadShard(ctx, test.scope, 1)) },
					func() error { return target.WriteShard(ctx, test.scope, 1, "text") })
			}
			for i, step := range steps {
				if err := step(); err != nil {
					t.Errorf("step %d: %v (%s)", i, err, store.Hint(err))
				}
			}
			if err := target.Close(ctx); err != nil {
				t.Errorf("revoke: %v", err)
			}
			if tokens := asked(hub, http.MethodPost); tokens != 1 && !test.options.Variables || tokens > 2 {
				t.Errorf("%d POSTs: want one token", tokens)
			}
		})
	}
}

// TestCredentialsStay: an answer that echoes the whole request, its headers
// included, gets neither a token nor an App's key into an error.
func TestCredentialsStay(t *testing.T) {
	_, encoded := appKey(t)
	for _, status := range []int{301, 400, 401, 403, 404, 409, 413, 422, 501} {
		hub := emulate(t)
		token := storetest.Canary{Name: "token", Value: "canary" + strings.Repeat("x", 20)}
		for name, o := range map[string]github.Options{
			"token": {Token: secret.New([]byte(token.Value))},
			"App":   {App: &github.App{ID: "123", Key: secret.New(encoded)}},
		} {
			hub.ClearFaults()
			hub.Inject(emulator.Fault{Effect: emulator.Echo(status)})
			_, err := openAt(t, hub.URL, o).Identity(t.Context())
			if err == nil {
				t.Errorf("%s, %d: no error", name, status)
			}
			token.Absent(t, err)
			storetest.Canary{Name: "key", Value: string(encoded)}.Absent(t, err)
			if shown := fmt.Sprintf("%+v %#v %s", err, err, store.Hint(err)); strings.Contains(shown, "Bearer") {
				t.Errorf("%s, %d: the error quotes the answer: %s", name, status, shown)
			}
		}
	}
}
