package main

import (
	"fmt"
	"strings"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
)

// gcpCases are the leak suite with Secret Manager for a source: what it holds,
// the job's token, those that a login brings, a credentials file, and all that
// Google can do at each request of a run.
func gcpCases() []leakCase {
	cases := []leakCase{
		{name: "gcp, all is well", prepare: fromGCP(nil)},
		{name: "gcp, with ages", prepare: fromGCP(func(_ *aviary, g *gcpStage) { g.seesAges() }), commands: running},
		{name: "gcp, a file of google-github-actions", prepare: fromGCP(func(_ *aviary, g *gcpStage) {
			g.write("creds.json", g.ghaFile(g.runner.URL))
			g.byFile("creds.json")
		}), commands: running, meant: []string{"creds.json"}},
		{name: "gcp, a credentials file of values", prepare: fromGCP(func(a *aviary, g *gcpStage) {
			g.write("creds.json", fmt.Sprintf(`{"type": "service_account", "client_email": %q, "private_key": %q, "token_uri": %q}`, a.values["prod"]["SHORT"], a.values["prod"]["LINES"], g.sts+"/token"))
			g.byFile("creds.json")
		}), commands: running, meant: []string{"creds.json"}},
		{name: "gcp, a value for a credentials file", prepare: fromGCP(func(a *aviary, g *gcpStage) {
			g.write("creds.json", a.values["prod"]["JSON"])
			g.byFile("creds.json")
		}), commands: running, meant: []string{"creds.json"}},
		{name: "gcp, the log of Google's client", prepare: fromGCP(func(a *aviary, g *gcpStage) {
			g.seesAges()
			a.setenv("GOOGLE_SDK_GO_LOGGING_LEVEL", "debug")
			for _, feature := range []string{"TRACING", "LOGGING", "METRICS"} {
				a.setenv("GOOGLE_SDK_GO_EXPERIMENTAL_"+feature, "true")
			}
		}), commands: running},
		{name: "gcp, no such field", prepare: fromGCP(func(_ *aviary, g *gcpStage) { g.source("JSON: {}", `JSON: in: [_]: from: field: "SHORT.none"`) }), commands: running},
		{name: "gcp, damaged", prepare: fromGCP(func(_ *aviary, g *gcpStage) { g.fault("GET", gcpJSON, emulator.Damaged()) }), commands: running},
		{name: "gcp, destroyed", prepare: fromGCP(func(_ *aviary, g *gcpStage) { g.google.SetState(secretOf("prod", "JSON"), 1, emulator.Destroyed) }), commands: running},
		{name: "gcp, values in the wrong variables", prepare: fromGCP(func(a *aviary, _ *gcpStage) {
			for i, name := range []string{"GOOGLE_CLOUD_QUOTA_PROJECT", "GOOGLE_APPLICATION_CREDENTIALS", "GCP_ID_TOKEN"} {
				a.setenv(name, a.values["prod"][[]string{"SHORT", "QUOTES", "UNICODE"}[i]])
			}
		}), commands: running},
		{name: "gcp, a value for an address", prepare: fromGCP(func(a *aviary, _ *gcpStage) {
			a.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", a.values["prod"]["QUOTES"])
		}), commands: running},
		{name: "gcp, a value for a metadata server", prepare: fromGCP(func(a *aviary, g *gcpStage) {
			g.byFile("")
			a.setenv("GCE_METADATA_HOST", a.values["prod"]["QUOTES"])
		}), commands: running},
	}
	return append(cases, gcpFaults()...)
}

const gcpJSON = "/v1/projects/acme-prod/secrets/JSON/versions/latest:access"

func (g *gcpStage) seesAges() {
	g.google.Grant("serviceAccount:"+gcpAccount, emulator.Viewer, "projects/acme-prod")
}

// fromGCP moves the aviary's secrets to Secret Manager, in a job of GitHub
// Actions.
func fromGCP(then func(*aviary, *gcpStage)) func(*aviary) {
	return func(a *aviary) {
		g := inGCP(a.stage)
		g.told = func(token string) { a.plant("the job's token", token) }
		a.plant("the runner's credential", g.bearer)
		for environment, values := range a.values {
			for name, value := range values {
				g.google.Remove(secretOf(environment, name))
				g.google.Put(secretOf(environment, name), []byte(value))
			}
			a.remove("secrets." + environment + ".yaml")
		}
		a.write("keyplumb.cue", toGCP(leakPolicy))
		// What a login brings is a canary from the moment it is there.
		known := map[string]bool{}
		g.google.After(func(_ int, _, _ string) {
			g.mu.Lock()
			defer g.mu.Unlock()
			for _, token := range g.google.Tokens() {
				if !known[token] {
					known[token] = true
					a.plant("an access token", token)
				}
			}
		})
		if then != nil {
			then(a, g)
		}
	}
}

func gcpFaults() []leakCase {
	effects := map[string]emulator.Effect{
		"truncated": emulator.Truncate(), "malformed": emulator.Malformed(), "elsewhere": emulator.Redirect(307, "http://127.0.0.2:1/"), "too long": emulator.Oversized(2 << 20),
		"come back later": emulator.RateLimited(3600), "slow": emulator.Slow(200 * time.Millisecond),
	}
	for _, status := range []int{200, 400, 401, 403, 404} {
		effects[fmt.Sprint("echo ", status)] = emulator.Echo(status)
		effects[fmt.Sprint("failing ", status)] = emulator.Failing(status)
	}
	for _, status := range []int{200, 403, 404} {
		effects[fmt.Sprint("echo text ", status)] = emulator.EchoText(status)
	}
	// What is tried again takes its time, so that two requests stand for all.
	again := map[string]emulator.Effect{
		"cut before": emulator.DropBefore(), "cut after": emulator.DropAfter(), "echo 500": emulator.Echo(500), "failing 500": emulator.Failing(500),
	}
	var cases []leakCase
	for _, r := range [][2]string{{"POST", "/v1/token"}, {"POST", gcpBecome}, {"GET", gcpJSON}, {"GET", "/v1/projects/acme-prod/secrets/JSON"}} {
		for name, effect := range effects {
			cases = append(cases, gcpFault(name, r[0], r[1], emulator.Fault{Effect: effect}))
		}
	}
	for _, r := range [][2]string{{"POST", "/v1/token"}, {"GET", gcpJSON}} {
		for name, effect := range again {
			cases = append(cases, gcpFault(name, r[0], r[1], emulator.Fault{Effect: effect}))
		}
		cases = append(cases, gcpFault("too fast", r[0], r[1], emulator.Fault{Effect: emulator.RateLimited(-1), Times: 1}))
	}
	return cases
}

func gcpFault(name, method, path string, fault emulator.Fault) leakCase {
	return leakCase{fault: "gcp, " + name, name: fmt.Sprintf("gcp, %s %s%s", name, method, strings.ReplaceAll(path, "/", " ")), commands: []string{"sync --env prod --report json=r.json"},
		prepare: fromGCP(func(_ *aviary, g *gcpStage) {
			g.seesAges()
			fault.When = emulator.On(method, path)
			g.google.Inject(fault)
		})}
}
