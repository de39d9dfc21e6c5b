package schemas_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"

	"github.com/keyplumb/keyplumb/schemas"
)

// vet puts what editors get beside a policy and evaluates both as CUE's own
// tools do.
func vet(t *testing.T, policy string) error {
	t.Helper()
	instance := build.NewContext().NewInstance("", nil)
	for name, text := range map[string]string{"keyplumb.cue": policy, "schema.cue": schemas.ForEditors()} {
		file, err := parser.ParseFile(name, text)
		if err != nil {
			return err
		}
		if err := instance.AddSyntax(file); err != nil {
			return err
		}
	}
	if err := instance.Complete(); err != nil {
		return err
	}
	return cuecontext.New().BuildInstance(instance).Validate()
}

// TestForEditors vets the policies that keyplumb itself takes.
func TestForEditors(t *testing.T) {
	if !strings.HasPrefix(schemas.ForEditors(), schemas.EditorsMark+"\n") {
		t.Error("the first line is not the mark")
	}
	files, err := filepath.Glob("../testdata/policies/*.cue")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			policy, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := vet(t, string(policy)); err != nil {
				t.Error(errors.Details(err, nil))
			}
		})
	}
}

// TestForEditorsFinds vets policies with mistakes.
func TestForEditorsFinds(t *testing.T) {
	for name, policy := range map[string]string{
		"tier":        `environments: prod: tier: "prodction"`,
		"field":       `secrets: A: ownr: "me"`,
		"kind":        `sources: s: kind: "spos"`,
		"wrong type":  `secrets: A: to: "api"`,
		"no such day": `secrets: A: shared: {reason: "x", until: "2027-02-30"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if vet(t, "package keyplumb\n\n"+policy+"\n") == nil {
				t.Error("nothing is found")
			}
		})
	}
}

// TestDefinitions holds each named constraint against values that it takes and
// values that it does not. What looks like a key is put together here.
func TestDefinitions(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	upper := func(n int) string { return strings.Repeat("A", n) }
	begin, end := "-----BEGIN ", "-----END "
	tests := map[string]struct{ yes, no []string }{
		"#NonEmpty":           {[]string{"a"}, []string{"", " \n"}},
		"#URL":                {[]string{"https://example.com", "amqp://u:p@h:5672/v"}, []string{"example.com", "", "https://a b"}},
		"#HTTPSURL":           {[]string{"https://example.com/x"}, []string{"http://example.com", "https://"}},
		"#PostgresURL":        {[]string{"postgres://u:p@h/db", "postgresql://h"}, []string{"mysql://u:p@h/db", "postgres://"}},
		"#MySQLURL":           {[]string{"mysql://u:p@h/db", "mariadb://h"}, []string{"postgres://h"}},
		"#MongoURL":           {[]string{"mongodb://h", "mongodb+srv://u:p@h/db"}, []string{"mongo://h"}},
		"#RedisURL":           {[]string{"redis://h:6379/0", "rediss://:p@h"}, []string{"http://h"}},
		"#AMQPURL":            {[]string{"amqp://u:p@h/v", "amqps://h"}, []string{"http://h"}},
		"#SentryDSN":          {[]string{"https://abc@o1.ingest.sentry.io/42"}, []string{"https://o1.ingest.sentry.io/42"}},
		"#PEM":                {[]string{begin + "CERTIFICATE-----\nAAAA\n" + end + "CERTIFICATE-----\n"}, []string{"AAAA", begin + "X-----"}},
		"#PEMPrivateKey":      {[]string{begin + "PRIVATE KEY-----\n", begin + "RSA PRIVATE KEY-----\n"}, []string{begin + "CERTIFICATE-----\n"}},
		"#PEMCertificate":     {[]string{begin + "CERTIFICATE-----\n"}, []string{begin + "PRIVATE KEY-----\n"}},
		"#SSHPrivateKey":      {[]string{begin + "OPENSSH PRIVATE KEY-----\n"}, []string{begin + "PRIVATE KEY-----\n"}},
		"#JSON":               {[]string{`{"a":1}`, `[]`, `1`}, []string{`{`, ``}},
		"#JSONObject":         {[]string{`{"a":1}`, " {}"}, []string{`[]`, `{`}},
		"#JWT":                {[]string{"eyJ" + x(8) + "." + x(8) + "." + x(8)}, []string{"eyJ" + x(8), x(8) + "." + x(8) + "." + x(8)}},
		"#UUID":               {[]string{"123e4567-e89b-12d3-a456-426614174000"}, []string{"123e4567"}},
		"#Hex":                {[]string{"00ff", "ABCD"}, []string{"0", "xy", ""}},
		"#Base64":             {[]string{"AAAA", "AAA=", "AA=="}, []string{"AAA", "A===", "", "AA-_"}},
		"#Integer":            {[]string{"42", "-1"}, []string{"4.2", ""}},
		"#Email":              {[]string{"a@example.com"}, []string{"a", "a@b"}},
		"#Hostname":           {[]string{"db.example.com"}, []string{"a b", ""}},
		"#HostPort":           {[]string{"db:5432", "[::1]:80"}, []string{"db", "db:", ":80"}},
		"#AWSAccessKeyID":     {[]string{"AKIA" + upper(16), "ASIA" + upper(16)}, []string{"AKIA" + upper(15), upper(20)}},
		"#AWSSecretAccessKey": {[]string{x(40)}, []string{x(39)}},
		"#AWSRoleARN":         {[]string{"arn:aws:iam::123456789012:role/ci"}, []string{"arn:aws:iam::123456789012:user/ci"}},
		"#StripeLive":         {[]string{"sk_" + "live_" + x(9), "rk_" + "live_" + x(9)}, []string{"sk_" + "test_" + x(9)}},
		"#StripeTest":         {[]string{"sk_" + "test_" + x(9)}, []string{"sk_" + "live_" + x(9), "pk_" + "test_" + x(9)}},
		"#StripeWebhook":      {[]string{"whsec_" + x(9)}, []string{x(9)}},
		"#GitHubToken":        {[]string{"ghp_" + x(36), "github_pat_" + x(30), "ghs_" + x(40)}, []string{"ghp_" + x(3), x(40)}},
		"#GitLabToken":        {[]string{"glpat-" + x(20)}, []string{"gl-" + x(20)}},
		"#SlackToken":         {[]string{"xoxb-" + x(9)}, []string{"xox-" + x(9)}},
		"#SlackWebhook":       {[]string{"https://hooks.slack.com/services/" + x(9)}, []string{"https://example.com/services/x"}},
		"#OpenAIKey":          {[]string{"sk-" + x(24)}, []string{"sk-" + x(3)}},
		"#AnthropicKey":       {[]string{"sk-ant-" + x(24)}, []string{"sk-" + x(24)}},
		"#SendGridKey":        {[]string{"SG." + x(9) + "." + x(9)}, []string{"SG." + x(9)}},
		"#TwilioSID":          {[]string{"AC" + strings.Repeat("0", 32)}, []string{"AC" + x(32)}},
		"#NPMToken":           {[]string{"npm_" + x(36)}, []string{"npm_" + x(35)}},
		"#GoogleAPIKey":       {[]string{"AIza" + x(35)}, []string{"AIza" + x(34)}},
		"#AgeSecretKey":       {[]string{"AGE-SECRET-KEY-" + "1" + upper(9)}, []string{"AGE-SECRET-KEY-"}},
	}
	shapes := map[string]bool{
		"#Policy": true, "#Environment": true, "#Source": true, "#Target": true, "#Attributes": true, "#Secret": true,
		"#Binding": true, "#From": true, "#Reference": true, "#Exception": true, "#Allowance": true,
	}
	context := cuecontext.New()
	schema := context.CompileString(schemas.CUE)
	fields, err := schema.Fields(cue.Definitions(true))
	if err != nil {
		t.Fatal(err)
	}
	for fields.Next() {
		name, constraint := fields.Selector().String(), fields.Value()
		test, ok := tests[name]
		if !ok && !shapes[name] {
			t.Errorf("%s has no test", name)
		}
		accepts := func(text string) bool {
			return constraint.Unify(context.Encode(text)).Validate(cue.Concrete(true)) == nil
		}
		for _, text := range test.yes {
			if !accepts(text) {
				t.Errorf("%s refuses %q", name, text)
			}
		}
		for _, text := range test.no {
			if accepts(text) {
				t.Errorf("%s accepts %q", name, text)
			}
		}
	}
}
