package policy

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/keyplumb/keyplumb/policy/finding"
	"github.com/keyplumb/keyplumb/schemas"
)

// example loads one of the policies in testdata.
func example(t *testing.T, file string) *Policy {
	t.Helper()
	return mustLoad(t, Options{FS: os.DirFS("../testdata/policies"), Paths: []string{file}})
}

func secretOf(t *testing.T, p *Policy, name string) *Secret {
	t.Helper()
	for i := range p.Secrets {
		if p.Secrets[i].Name == name {
			return &p.Secrets[i]
		}
	}
	t.Fatalf("no secret %s", name)
	return nil
}

func bindingOf(t *testing.T, p *Policy, name, environment string) *Binding {
	t.Helper()
	s := secretOf(t, p, name)
	for i := range s.Bindings {
		if s.Bindings[i].Environment == environment {
			return &s.Bindings[i]
		}
	}
	t.Fatalf("%s is not in %s", name, environment)
	return nil
}

func TestSmallPolicy(t *testing.T) {
	p := example(t, "small.cue")
	got := bindingOf(t, p, "DATABASE_URL", "prod").From.Reference
	if want := (Reference{Source: "files", Path: "secrets.prod.yaml", Field: "DATABASE_URL"}); got != want {
		t.Errorf("DATABASE_URL in prod is %+v, want %+v", got, want)
	}
	s := secretOf(t, p, "OPENAI_API_KEY")
	if s.Rotate != 30*24*time.Hour || len(s.Bindings) != 1 || s.Bindings[0].Environment != "prod" {
		t.Errorf("OPENAI_API_KEY is %+v", s)
	}
	if s := secretOf(t, p, "DATABASE_URL"); s.Rotate != 90*24*time.Hour || !s.Sensitive || s.Optional || !slices.Equal(s.To, []string{"api"}) || s.As != s.Name {
		t.Errorf("defaults of DATABASE_URL: %+v", s)
	}
	target := p.Targets[0]
	if target.ScopeKind != "environment" || target.Store != "actions" || target.Names["prod"] != "prod" {
		t.Errorf("defaults of api: %+v", target)
	}
	if at := (finding.Position{File: "small.cue", Line: 13, Column: 3}); bindingOf(t, p, "STRIPE_SECRET_KEY", "prod").Position != at {
		t.Errorf("STRIPE_SECRET_KEY in prod is at %v", bindingOf(t, p, "STRIPE_SECRET_KEY", "prod").Position)
	}
	for text, want := range map[string]bool{"sk_" + "live_x": true, "sk_" + "test_x": false} {
		if got := bindingOf(t, p, "STRIPE_SECRET_KEY", "prod").Constraint.Accepts([]byte(text)); got != want {
			t.Errorf("prod accepts %q: %v", text, got)
		}
	}
}

func TestFullPolicy(t *testing.T) {
	p := example(t, "full.cue")
	if got := bindingOf(t, p, "SMTP_PASSWORD", "dev").From.Reference; got != (Reference{Source: "vault", Path: "dev/mail", Field: "password"}) {
		t.Errorf("SMTP_PASSWORD in dev is %+v", got)
	}
	url := bindingOf(t, p, "DATABASE_URL", "prod")
	if url.From.Join != "postgres://{u}:{p}@prod.db.internal/app?sslmode=verify-full" || len(url.From.Parts) != 2 ||
		url.From.Parts[0] != (Part{"p", Reference{Source: "vault", Path: "prod/api", Field: "db_password"}}) {
		t.Errorf("DATABASE_URL in prod is %+v", url.From)
	}
	if url.Constraint.Source() != "#PostgresURL" {
		t.Errorf("its constraint is quoted as %q", url.Constraint.Source())
	}
	if old := bindingOf(t, p, "API_STRIPE_KEY_OLD", "dev").From.Reference; old.Version != "previous" || old.Field != "API_STRIPE_KEY" {
		t.Errorf("API_STRIPE_KEY_OLD is %+v", old)
	}
	if s := secretOf(t, p, "API_STRIPE_KEY"); s.As != "STRIPE_KEY" || s.Owner != "payments" {
		t.Errorf("API_STRIPE_KEY is %+v", s)
	}
	if s := secretOf(t, p, "LEGACY_TOKEN"); !s.Optional || !slices.Equal(s.To, []string{"api", "bots", "org", "web"}) {
		t.Errorf("LEGACY_TOKEN is %+v", s)
	}
	shared := secretOf(t, p, "SENTRY_DSN").Shared
	if shared == nil || !shared.Until.Equal(time.Date(2027, 3, 2, 0, 0, 0, 0, time.UTC)) || shared.Position.Line != 28 {
		t.Errorf("SENTRY_DSN is shared: %+v", shared)
	}
	hold := bindingOf(t, p, "SIGNING_KEY", "prod").Hold
	if hold == nil || hold.Reason != "incident 4711" || bindingOf(t, p, "SIGNING_KEY", "dev").Hold != nil {
		t.Errorf("SIGNING_KEY is held: %+v", hold)
	}
	if s := secretOf(t, p, "SIGNING_KEY"); s.Attributes["file"] != "true" {
		t.Errorf("SIGNING_KEY's attributes are %v", s.Attributes)
	}
	if secretOf(t, p, "FEATURE_FLAGS").Sensitive {
		t.Error("FEATURE_FLAGS is sensitive")
	}
	org := p.Target("org")
	if want := map[string]string{"visibility": "selected", "repositories": "api,web"}; !maps.Equal(org.Attributes, want) || org.ScopeKind != "organization" {
		t.Errorf("org is %+v", org)
	}
	if bots := p.Target("bots"); bots.ScopeKind != "repository" || !slices.Equal(bots.Only, []string{"dev"}) {
		t.Errorf("bots is %+v", bots)
	}
	vault := p.Source("vault").For("dev")
	if vault.Auth["role"] != "ci-dev" || vault.Path != "dev/api" || p.Source("vault").Auth["role"] != "ci-{env}" {
		t.Errorf("vault in dev is %+v", vault)
	}
}

// TestWords looks at the words that the two examples leave out.
func TestWords(t *testing.T) {
	p := example(t, "words.cue")
	api := p.Target("api")
	for _, test := range []struct{ secret, environment, want string }{
		{"DATABASE_URL", "dev", "DEV_DATABASE_URL"},
		{"DATABASE_URL", "prod", "DB"},
		{"KEYED", "staging", "STAGING_K"},
	} {
		if got := api.NameOf(secretOf(t, p, test.secret), test.environment); got != test.want {
			t.Errorf("%s is %q in %s, want %q", test.secret, got, test.environment, test.want)
		}
	}
	if got := p.Target("made").NameOf(secretOf(t, p, "KEYED"), "dev"); got != "K" {
		t.Errorf("without rename KEYED is %q", got)
	}
	generated := secretOf(t, p, "MAIL_KEY")
	if generated.Rotate != 365*24*time.Hour || generated.Position != (finding.Position{File: "words.cue", Line: 47, Column: 3}) {
		t.Errorf("MAIL_KEY is %+v", generated)
	}
	for text, want := range map[string]bool{"k-prod-1": true, "k-dev-1": false} {
		if got := bindingOf(t, p, "MAIL_KEY", "prod").Constraint.Accepts([]byte(text)); got != want {
			t.Errorf("MAIL_KEY in prod accepts %q: %v", text, got)
		}
	}
	if s := secretOf(t, p, "DATABASE_URL"); s.Owner != "payments" || s.Rotate != 12*time.Hour {
		t.Errorf("DATABASE_URL is %+v", s)
	}
	if ref := bindingOf(t, p, "WHOLE", "dev").From; !ref.Whole || ref.Field != "" {
		t.Errorf("WHOLE is %+v", ref)
	}
	if p.Rules["no-owner"] != (Level{Off: true}) || p.Rules["weak-value"] != (Level{Severity: finding.Error}) {
		t.Errorf("rules are %v", p.Rules)
	}
	if a := p.Allow[1]; a.Rule != "weak-value" || a.Secret != "KEYED" || a.Target != "made" || a.Reason != "a PIN" || a.Position.Line == 0 {
		t.Errorf("allowance is %+v", a)
	}
	if p.LedgerKey == nil || p.LedgerKey.Reference != (Reference{Source: "files", Path: "secrets/ledger.yaml", Field: "key"}) {
		t.Errorf("the ledger's key is from %+v", p.LedgerKey)
	}
	if secretOf(t, p, "NEVER").Rotate != 0 {
		t.Error("NEVER rotates")
	}
}

// TestSeveralFiles unifies files of a folder and files named one by one.
func TestSeveralFiles(t *testing.T) {
	files := tree(map[string]string{
		"ci/a.cue":            "package keyplumb\n" + body,
		"ci/b.cue":            "package keyplumb\n\nsecrets: B: owner: \"b\"\nsecrets: A: {}\n",
		"ci/schema.cue":       schemas.ForEditors(),
		"ci/notes.txt":        "not a policy",
		"ci/ignored_tool.cue": "package keyplumb\n\nnonsense: 1\n",
		"more/c.cue":          "package keyplumb\n\nsecrets: C: {}\nsecrets: B: to: [\"t\"]\n",
	})
	for name, test := range map[string]struct{ paths, secrets, files []string }{
		"a folder":           {[]string{"ci"}, []string{"A", "B"}, []string{"ci/a.cue", "ci/b.cue"}},
		"a folder, a file":   {[]string{"ci", "more/c.cue"}, []string{"A", "B", "C"}, []string{"ci/a.cue", "ci/b.cue", "more/c.cue"}},
		"files, one twice":   {[]string{"more/c.cue", "ci/a.cue", "./ci/a.cue"}, []string{"B", "C"}, []string{"ci/a.cue", "more/c.cue"}},
		"the schema as well": {[]string{"ci/a.cue", "ci/b.cue", "ci/schema.cue"}, []string{"A", "B"}, []string{"ci/a.cue", "ci/b.cue"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustLoad(t, Options{FS: files, Paths: test.paths})
			var names []string
			for _, s := range p.Secrets {
				names = append(names, s.Name)
			}
			if !slices.Equal(names, test.secrets) || !slices.Equal(p.Files, test.files) {
				t.Errorf("secrets %v of files %v", names, p.Files)
			}
		})
	}
	p := mustLoad(t, Options{FS: files, Paths: []string{"more/c.cue", "ci"}})
	if at := secretOf(t, p, "B").Position; at != (finding.Position{File: "ci/b.cue", Line: 3, Column: 10}) {
		t.Errorf("B is at %v, not at the first field that names it", at)
	}
}

func TestDefaultPaths(t *testing.T) {
	const whole = "package keyplumb\n" + body + "secrets: {}\n"
	for _, file := range DefaultPaths() {
		if p := mustLoad(t, Options{FS: tree(map[string]string{file: whole})}); !slices.Equal(p.Files, []string{file}) {
			t.Errorf("%s: files are %v", file, p.Files)
		}
	}
	p := mustLoad(t, Options{FS: tree(map[string]string{"keyplumb.cue": whole, ".github/keyplumb.cue": "nonsense"})})
	if p.Files[0] != "keyplumb.cue" {
		t.Errorf("files are %v", p.Files)
	}
}

func TestNoPolicy(t *testing.T) {
	for name, test := range map[string]struct {
		files fs.FS
		paths []string
		want  error
		text  string
	}{
		"none":         {fstest.MapFS{}, nil, ErrNoPolicy, "no policy found: looked for keyplumb.cue, .github/keyplumb.cue, .gitlab/keyplumb.cue"},
		"not there":    {fstest.MapFS{}, []string{"x.cue"}, ErrNoPolicy, "no policy found: x.cue is not there"},
		"empty folder": {tree(map[string]string{"ci/x.txt": ""}), []string{"ci"}, ErrNoPolicy, "no policy found: no .cue file of a policy in ci"},
		"outside":      {fstest.MapFS{}, []string{"../x.cue"}, ErrOutside, "policy ../x.cue: leaves the repository"},
		"no CUE":       {tree(map[string]string{"x.yaml": ""}), []string{"x.yaml"}, nil, "policy x.yaml: is no regular .cue file"},
	} {
		t.Run(name, func(t *testing.T) {
			p, findings, err := Load(t.Context(), Options{FS: test.files, Paths: test.paths})
			if p != nil || findings != nil || err == nil || err.Error() != test.text || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("%v, %v, %v", p, findings, err)
			}
		})
	}
}

func TestLoadStopsWhenDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Load(ctx, Options{FS: fstest.MapFS{}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestEnvStandsInAnyString puts {env} wherever a source has a string.
func TestEnvStandsInAnyString(t *testing.T) {
	p := example(t, "kinds.cue")
	for name, want := range map[string]map[string]string{
		"vault":      {"address": "https://prod.vault.example.com:8200", "namespace": "team/prod", "mount": "kv", "kv": "2"},
		"gcp":        {"project": "acme-prod"},
		"azure":      {"address": "https://acme-prod.vault.azure.net"},
		"kubernetes": {"namespace": "prod", "context": "prod"},
	} {
		if got := p.Source(name).For("prod").Settings; !maps.Equal(got, want) {
			t.Errorf("%s in prod is %v, want %v", name, got, want)
		}
	}
	if ref := bindingOf(t, p, "GCP", "dev").From; ref.Path != "GCP" || !ref.Whole {
		t.Errorf("GCP is %+v", ref)
	}
	if s := p.Source("kubernetes"); s.Position.Line == 0 || s.Fields["kind"].Line == 0 || !strings.HasSuffix(s.Fields["kind"].File, "kinds.cue") {
		t.Errorf("kubernetes is at %v, its kind at %v", s.Position, s.Fields["kind"])
	}
}
