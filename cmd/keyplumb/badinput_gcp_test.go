package main

import (
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
)

const (
	gcpFirst   = "/v1/projects/acme-prod/secrets/FIRST/versions/latest:access"
	gcpAccount = "ci@acme-prod.iam.gserviceaccount.com"
	gcpBecome  = "/v1/projects/-/serviceAccounts/" + gcpAccount + ":generateAccessToken"
)

func TestBadGCP(t *testing.T) {
	for _, bad := range []struct {
		badInput
		spoil func(*gcpStage)
	}{
		{badInput{name: "no identity", code: exitFailed, want: []string{"there is no identity token", "hint: give the job permissions: {id-token: write"}},
			func(g *gcpStage) { g.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "") }},
		{badInput{name: "another branch", code: exitFailed, want: []string{"the provider's attribute condition keeps this job out", "hint: compare the provider's attribute-condition"}},
			func(g *gcpStage) { g.claim("ref", "refs/heads/wild") }},
		{badInput{name: "another repository", code: exitFailed, want: []string{gcpAccount + " is not there, or this job may not become it", "hint: grant roles/iam.workloadIdentityUser"}},
			func(g *gcpStage) { g.claim("repository", "mallory/api") }},
		{badInput{name: "another key", code: exitFailed, want: []string{"Google cannot check who signed the token"}},
			func(g *gcpStage) {
				g.google.AddProvider(gcpProvider, emulator.Provider{Keys: []*rsa.PublicKey{}, Issuer: gcpIssuer})
			}},
		{badInput{name: "no such provider", code: exitFailed, want: []string{"there is no such workload identity pool or provider"}},
			func(g *gcpStage) { g.source("providers/github", "providers/gitlab") }},
		{badInput{name: "a provider that is none", code: exitUsage, want: []string{"sources.gcp.auth.provider is no workload identity pool's provider", "help: write it as projects/NUMBER"}},
			func(g *gcpStage) { g.source("providers/github", "github") }},
		{badInput{name: "an account that is none", code: exitUsage, want: []string{"sources.gcp.auth.role is no service account's email"}},
			func(g *gcpStage) { g.source(".iam.gserviceaccount.com", ".example.com") }},
		{badInput{name: "denied", code: exitFailed, want: []string{"read FIRST: denied", "the secret is not there, or this credential may not read it", "gcloud secrets add-iam-policy-binding FIRST --project=acme-prod"}},
			func(g *gcpStage) {
				g.google.Deny("projects/acme-prod")
				for _, name := range []string{"SECOND", "PLAIN"} {
					g.google.Grant("serviceAccount:"+gcpAccount, emulator.Accessor, secretOf("prod", name))
				}
			}},
		{badInput{name: "not there", code: exitFindings, want: []string{"missing-value", "there is no such secret", "help: gcloud secrets versions list FIRST --project=acme-prod"}},
			func(g *gcpStage) { g.google.Remove(secretOf("prod", "FIRST")) }},
		{badInput{name: "disabled", code: exitFailed, want: []string{"denied: its latest version is disabled", "gcloud secrets versions enable"}},
			func(g *gcpStage) { g.google.SetState(secretOf("prod", "FIRST"), 1, emulator.Disabled) }},
		{badInput{name: "destroyed", code: exitFindings, want: []string{"missing-value", "its latest version was destroyed"}},
			func(g *gcpStage) { g.google.SetState(secretOf("prod", "FIRST"), 1, emulator.Destroyed) }},
		{badInput{name: "no such field", code: exitFindings, want: []string{"missing-value", "no such field: pass", "there are: password, user"}},
			func(g *gcpStage) {
				g.google.Put(secretOf("prod", "FIRST"), []byte(`{"user": "kp", "password": "of kp"}`))
				g.source(`FIRST: owner:  "a"`, `FIRST: {owner: "a", in: prod: from: field: "pass"}`)
			}},
		{badInput{name: "no previous one", code: exitFindings, want: []string{"missing-value", "there is no enabled version before the latest"}},
			func(g *gcpStage) {
				g.google.Grant("serviceAccount:"+gcpAccount, emulator.Viewer, "projects/acme-prod")
				g.source(`FIRST: owner:  "a"`, `FIRST: {owner: "a", in: prod: from: version: "previous"}`)
			}},
		{badInput{name: "damaged", code: exitFailed, want: []string{"read FIRST: unreadable", "checksum (CRC32C)"}},
			func(g *gcpStage) { g.fault("GET", gcpFirst, emulator.Damaged()) }},
		{badInput{name: "throttled for an hour", code: exitFailed, want: []string{"throttled", "hint: run keyplumb again"}},
			func(g *gcpStage) {
				g.google.Inject(emulator.Fault{When: func(_ int, _, path string) bool { return strings.HasSuffix(path, ":access") }, Effect: emulator.RateLimited(3600)})
			}},
		{badInput{name: "a login throttled for an hour", code: exitFailed, want: []string{"log in", "throttled", "hint: run keyplumb again"}},
			func(g *gcpStage) { g.fault("POST", "/v1/token", emulator.RateLimited(3600)) }},
		{badInput{name: "half an answer", code: exitFailed, want: []string{"read FIRST: unavailable"}}, func(g *gcpStage) { g.fault("GET", gcpFirst, emulator.Malformed()) }},
		{badInput{name: "an answer over the cap", code: exitFailed, want: []string{"read FIRST: unavailable: answer too long"}},
			func(g *gcpStage) { g.fault("GET", gcpFirst, emulator.Oversized(2<<20)) }},
		{badInput{name: "an expired token mid-run", code: exitFailed, want: []string{"use the access token 127.0.0.1:", "credential refused: Google does not take it, or it has run out", "hint: run keyplumb again"}},
			func(g *gcpStage) {
				g.google.After(func(_ int, _, path string) {
					if path == gcpBecome {
						g.google.Clock().Advance(2 * time.Hour)
					}
				})
			}},
		{badInput{name: "a project that is none", code: exitUsage, want: []string{"sources.gcp.project is no project's id or number"}}, func(g *gcpStage) { g.source("acme-{env}\", auth", "acme/{env}\", auth") }},
		{badInput{name: "a location that is a host", code: exitUsage, want: []string{"sources.gcp.location is no location of Google's"}},
			func(g *gcpStage) { g.source(`kind: "gcp"`, `kind: "gcp", location: "x.mallory.example/"`) }},
		{badInput{name: "two addresses", code: exitFailed, want: []string{"send source gcp to different addresses"}},
			func(g *gcpStage) { g.source(`kind: "gcp"`, `kind: "gcp", address: "https://secrets.example.com"`) }},
		{badInput{name: "an address that the environment alone names", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of source gcp to secrets.example.com"}},
			func(g *gcpStage) {
				g.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", "https://secrets.example.com/")
			}},
		{badInput{name: "a token service of somebody's", code: exitFailed, want: []string{"may not send the credential of source gcp to sts.example.com", "hint: pass --allow-host"}},
			func(g *gcpStage) { g.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", "https://sts.example.com") }},
		{badInput{name: "impersonation at somebody's", code: exitFailed, want: []string{"may not send the credential of source gcp to iam.example.com", "hint: pass --allow-host"}},
			func(g *gcpStage) {
				g.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS", "https://iam.example.com")
			}},
		{badInput{name: "a certificate of nobody's", code: exitFailed, want: []string{"the server's certificate is not trusted"}},
			func(g *gcpStage) {
				g.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", listenTLS(g.t.(*testing.T), g.google).url)
			}},
		{badInput{name: "nobody there", code: exitFailed, want: []string{"log in 127.0.0.1:1: unavailable: no connection"}},
			func(g *gcpStage) { g.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_STS", "http://127.0.0.1:1") }},
		{badInput{name: "a credentials file that is not there", code: exitFailed, want: []string{"the file that GOOGLE_APPLICATION_CREDENTIALS names cannot be read"}},
			func(g *gcpStage) { g.byFile("none.json") }},
		{badInput{name: "a credentials file that is none", code: exitFailed, want: []string{"log in the credentials file: credential refused: it is no JSON object"}},
			func(g *gcpStage) {
				g.write("creds.json", "none")
				g.byFile("creds.json")
			}},
		{badInput{name: "a program in a credentials file", code: exitFailed, want: []string{"it runs a program to get a token, which keyplumb does not"}},
			func(g *gcpStage) {
				g.write("creds.json", strings.Replace(g.ghaFile(g.runner.URL), `"credential_source": {`, `"credential_source": {"executable": {"command": "/bin/true"}, `, 1))
				g.byFile("creds.json")
			}},
		{badInput{name: "a credentials file that sends elsewhere", code: exitFailed, want: []string{"may not send the credential of source gcp to sts.example.com", "hint: pass --allow-host sts.example.com"}},
			func(g *gcpStage) {
				g.write("creds.json", strings.Replace(g.ghaFile(g.runner.URL), g.sts, "https://sts.example.com", 1))
				g.byFile("creds.json")
			}},
		{badInput{name: "a credentials file that asks elsewhere", code: exitFailed, want: []string{"may not send the credential of source gcp to runner.example.com"}},
			func(g *gcpStage) {
				g.write("creds.json", g.ghaFile("https://runner.example.com"))
				g.byFile("creds.json")
			}},
		{badInput{name: "no credentials at all", code: exitFailed, want: []string{"there are no credentials, and this is no machine of Google's", "hint: gcloud auth application-default login"}},
			func(g *gcpStage) {
				g.byFile("")
				g.setenv("GCE_METADATA_HOST", strings.TrimPrefix(g.url, "http://"))
			}},
		{badInput{name: "a metadata server on the network", code: exitFailed, want: []string{"may not send the credential of source gcp to 10.0.0.1"}},
			func(g *gcpStage) {
				g.byFile("")
				g.setenv("GCE_METADATA_HOST", "10.0.0.1")
			}},
	} {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			g := unsyncedGCP(t)
			bad.spoil(g)
			bad.args = "sync --env prod"
			bad.try(g.stage)
		})
	}
}

// byFile has jobs log in by a credentials file; "" for the machine's own.
func (g *gcpStage) byFile(name string) {
	g.t.Helper()
	g.edit("keyplumb.cue", func(text string) string {
		before, rest, _ := strings.Cut(text, ", auth: {")
		_, after, _ := strings.Cut(rest, "}}")
		return before + "}" + after
	})
	g.setenv("GOOGLE_APPLICATION_CREDENTIALS", name)
}

// ghaFile is a credentials file as google-github-actions/auth leaves one in a
// job, for the account of prod.
// https://github.com/google-github-actions/auth
func (g *gcpStage) ghaFile(runner string) string {
	return `{
  "universe_domain": "googleapis.com",
  "type": "external_account",
  "audience": "//iam.googleapis.com/` + gcpProvider + `",
  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
  "token_url": "` + g.sts + `/v1/token",
  "service_account_impersonation_url": "` + g.iam + gcpBecome + `",
  "credential_source": {
    "url": "` + runner + `/token?api-version=2.0&audience=https%3A%2F%2Fiam.googleapis.com%2F` + strings.ReplaceAll(gcpProvider, "/", "%2F") + `",
    "headers": {"Authorization": "Bearer ` + g.bearer + `"},
    "format": {"type": "json", "subject_token_field_name": "value"}
  }
}`
}

// TestGoogleTokenStays: wherever a server of Google's sends keyplumb to, no
// token goes there.
func TestGoogleTokenStays(t *testing.T) {
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, r := range [][3]string{{"POST", "/v1/token", "where the credential does not go"}, {"POST", gcpBecome, "where the credential does not go"}, {"GET", gcpFirst, "where the token does not go"}} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			g := unsyncedGCP(t)
			g.fault(r[0], r[1], emulator.Redirect(status, elsewhere.URL+r[1]))
			(&badInput{args: "sync --env prod", code: exitFailed, want: []string{r[2], "hint: name the"}}).try(g.stage)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}

// TestGoogleForgesNothing: a token that somebody else has signed is of no use.
func TestGoogleForgesNothing(t *testing.T) {
	g := unsyncedGCP(t)
	forged, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"iss": gcpIssuer, "aud": "https://iam.googleapis.com/" + gcpProvider, "repository": "acme/api",
		"ref": "refs/heads/main", "sub": "x", "exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte("shared"))
	if err != nil {
		t.Fatal(err)
	}
	g.setenv("GCP_ID_TOKEN", forged)
	(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"Google cannot check who signed the token"}}).try(g.stage)
}
