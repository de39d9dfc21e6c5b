package aws_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/keyplumb/keyplumb/sync/emulator/aws"
)

// jobKey signs the tokens of jobs.
var jobKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// addJob adds an identity provider, and a role "ci" that trusts the jobs of
// acme/api; it gives who makes their tokens.
func addJob(s *aws.Server, policy ...aws.Statement) func(change func(jwt.MapClaims)) string {
	const issuer = "https://token.actions.githubusercontent.com"
	s.AddProvider(aws.Provider{Issuer: issuer, Keys: []*rsa.PublicKey{&jobKey().PublicKey}, ClientIDs: []string{"sts.amazonaws.com"}})
	s.AddRole(aws.Role{Name: "ci", Conditions: map[string][]string{"sub": {"repo:acme/api:*"}}, Policy: policy})
	return func(change func(jwt.MapClaims)) string {
		claims := jwt.MapClaims{"iss": issuer, "aud": "sts.amazonaws.com", "sub": "repo:acme/api:ref:refs/heads/main", "exp": s.Clock().Now().Add(time.Minute).Unix()}
		if change != nil {
			change(claims)
		}
		signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, claims).SignedString(jobKey())
		if err != nil {
			panic(err)
		}
		return signed
	}
}

// A place is an emulator with keys to sign with.
type place struct {
	*aws.Server
	t    *testing.T
	url  string
	keys sdk.Credentials
}

func newPlace(t *testing.T, options aws.Options) *place {
	t.Helper()
	s := aws.New(options)
	listening := httptest.NewServer(s)
	t.Cleanup(listening.Close)
	s.AddKey("known", "its secret", aws.Allow("*", "*"))
	return &place{s, t, listening.URL, sdk.Credentials{AccessKeyID: "known", SecretAccessKey: "its secret"}}
}

// send sends a signed request, which change may spoil afterwards, and gives the
// status and the body.
func (p *place) send(service, target, body string, at time.Time, change func(*http.Request)) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.url+"/", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	if service == "sts" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		req.Header.Set("X-Amz-Target", target)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(context.Background(), p.keys, req, hex.EncodeToString(sum[:]), service, "eu-central-1", at); err != nil {
		p.t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it is read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// ask sends a request, and gives the answer; code is that of an error.
func (p *place) ask(service, action, body string) (code string, answer map[string]any) {
	p.t.Helper()
	prefix := map[string]string{"secretsmanager": "secretsmanager.", "ssm": "AmazonSSM."}[service]
	status, text := p.send(service, prefix+action, body, time.Now(), nil)
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		p.t.Fatalf("%d %s: %v", status, text, err)
	}
	code, _ = answer["__type"].(string)
	if (status == http.StatusOK) != (code == "") {
		p.t.Errorf("%s: %d with the code %q", action, status, code)
	}
	return code, answer
}

// TestSignatures: who is unknown, who signs with another key, and what was
// changed after it was signed.
func TestSignatures(t *testing.T) {
	clock := &aws.Clock{}
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	clock.Set(at)
	for name, test := range map[string]struct {
		keys   sdk.Credentials
		at     time.Time
		change func(*http.Request)
		code   string
	}{
		"good":            {at: at, code: "ResourceNotFoundException"},
		"a little late":   {at: at.Add(-4 * time.Minute), code: "ResourceNotFoundException"},
		"late":            {at: at.Add(-6 * time.Minute), code: "InvalidSignatureException"},
		"early":           {at: at.Add(6 * time.Minute), code: "InvalidSignatureException"},
		"nobody":          {at: at, keys: sdk.Credentials{AccessKeyID: "nobody", SecretAccessKey: "x"}, code: "UnrecognizedClientException"},
		"another secret":  {at: at, keys: sdk.Credentials{AccessKeyID: "known", SecretAccessKey: "x"}, code: "InvalidSignatureException"},
		"another session": {at: at, keys: sdk.Credentials{AccessKeyID: "known", SecretAccessKey: "its secret", SessionToken: "x"}, code: "UnrecognizedClientException"},
		"unsigned":        {at: at, change: func(r *http.Request) { r.Header.Del("Authorization") }, code: "MissingAuthenticationTokenException"},
		"half signed":     {at: at, change: func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=known") }, code: "IncompleteSignatureException"},
		"another body": {at: at, change: func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader(`{"SecretId":"other"}`))
			r.ContentLength = 20
		},
			code: "InvalidSignatureException"},
		"another action": {at: at, change: func(r *http.Request) { r.Header.Set("X-Amz-Target", "secretsmanager.DescribeSecret") }, code: "InvalidSignatureException"},
		"no action":      {at: at, change: func(r *http.Request) { r.Header.Set("X-Amz-Target", "secretsmanager.DeleteSecret") }, code: "UnknownOperationException"},
	} {
		p := newPlace(t, aws.Options{Clock: clock, CheckTime: true})
		if test.keys.AccessKeyID != "" {
			p.keys = test.keys
		}
		if _, text := p.send("secretsmanager", "secretsmanager.GetSecretValue", `{"SecretId":"none"}`, test.at, test.change); !strings.Contains(text, `"__type":"`+test.code+`"`) {
			t.Errorf("%s: %s, want %s", name, text, test.code)
		}
	}
}

func TestPolicies(t *testing.T) {
	p := newPlace(t, aws.Options{})
	for _, name := range []string{"dev/api", "prod/api"} {
		p.Put(name, "value")
		p.PutParameter("/"+name, "value")
	}
	p.AddKey("known", "its secret", aws.Allow("secretsmanager:Get*", "arn:aws:secretsmanager:*:secret:dev/*"), aws.Allow("ssm:GetParameters", "*"), aws.Deny("ssm:*", "*:parameter/prod/*"))
	for _, test := range []struct{ service, action, body, code string }{
		{"secretsmanager", "GetSecretValue", `{"SecretId":"dev/api"}`, ""},
		{"secretsmanager", "GetSecretValue", `{"SecretId":"prod/api"}`, "AccessDeniedException"},
		{"secretsmanager", "GetSecretValue", `{"SecretId":"dev/none"}`, "ResourceNotFoundException"},
		{"secretsmanager", "GetSecretValue", `{"SecretId":"none"}`, "AccessDeniedException"},
		{"secretsmanager", "BatchGetSecretValue", `{"SecretIdList":["dev/api"]}`, "AccessDeniedException"},
		{"secretsmanager", "DescribeSecret", `{"SecretId":"dev/api"}`, "AccessDeniedException"},
		{"ssm", "GetParameters", `{"Names":["/dev/api"]}`, ""},
		{"ssm", "GetParameters", `{"Names":["/dev/api","/none"]}`, ""},
		{"ssm", "GetParameters", `{"Names":["/dev/api","/prod/api"]}`, "AccessDeniedException"},
		{"ssm", "DescribeParameters", `{}`, "AccessDeniedException"},
	} {
		if code, _ := p.ask(test.service, test.action, test.body); code != test.code {
			t.Errorf("%s %s: %q, want %q", test.action, test.body, code, test.code)
		}
	}
}

// TestLimits: how much one request may ask for.
func TestLimits(t *testing.T) {
	p := newPlace(t, aws.Options{})
	for n, code := range map[int]string{0: "InvalidParameterException", 20: "", 21: "InvalidParameterException"} {
		if got, _ := p.ask("secretsmanager", "BatchGetSecretValue", fmt.Sprintf(`{"SecretIdList":[%s]}`, list(n))); got != code {
			t.Errorf("%d secrets: %q", n, got)
		}
	}
	for n, code := range map[int]string{0: "ValidationException", 10: "", 11: "ValidationException"} {
		if got, _ := p.ask("ssm", "GetParameters", fmt.Sprintf(`{"Names":[%s]}`, list(n))); got != code {
			t.Errorf("%d parameters: %q", n, got)
		}
	}
	if got, _ := p.ask("secretsmanager", "GetSecretValue", `{"SecretId":`); got != "SerializationException" {
		t.Errorf("half a body: %q", got)
	}
}

func list(n int) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%q", fmt.Sprint("name", i)))
	}
	return strings.Join(names, ",")
}

// TestStages: labels move as values are put.
func TestStages(t *testing.T) {
	p := newPlace(t, aws.Options{})
	first := p.Put("api", "one")
	p.Put("api", "two")
	p.Put("api", "three")
	for body, want := range map[string]string{
		`{"SecretId":"api"}`: "three", `{"SecretId":"api","VersionStage":"AWSPREVIOUS"}`: "two", `{"SecretId":"api","VersionId":"` + first + `"}`: "one",
		`{"SecretId":"` + p.ARN("api") + `"}`: "three",
	} {
		if code, got := p.ask("secretsmanager", "GetSecretValue", body); code != "" || got["SecretString"] != want {
			t.Errorf("%s: %v, want %s", body, got, want)
		}
	}
	if code, _ := p.ask("secretsmanager", "GetSecretValue", `{"SecretId":"api","VersionId":"`+first+`","VersionStage":"AWSCURRENT"}`); code != "ResourceNotFoundException" {
		t.Errorf("a version that has not the stage: %q", code)
	}
}

// A login is an answer of STS.
type login struct {
	ID     string `xml:"AssumeRoleWithWebIdentityResult>Credentials>AccessKeyId"`
	Secret string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SecretAccessKey"`
	Token  string `xml:"AssumeRoleWithWebIdentityResult>Credentials>SessionToken"`
	Code   string `xml:"Error>Code"`
}

func (p *place) login(token string, change func(url.Values)) login {
	p.t.Helper()
	form := url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {"arn:aws:iam::123456789012:role/ci"}, "RoleSessionName": {"test"}, "WebIdentityToken": {token}}
	if change != nil {
		change(form)
	}
	_, text := p.send("sts", "", form.Encode(), time.Now(), func(r *http.Request) { r.Header.Del("Authorization") })
	var got login
	if err := xml.Unmarshal([]byte(text), &got); err != nil {
		p.t.Fatalf("%s: %v", text, err)
	}
	return got
}

// TestWebIdentity: a token is checked against its issuer's keys and audiences,
// and against the role's conditions; what it brings ends.
func TestWebIdentity(t *testing.T) {
	p := newPlace(t, aws.Options{})
	p.Put("api", "value")
	token := addJob(p.Server, aws.Allow("secretsmanager:GetSecretValue", "*"))
	for name, test := range map[string]struct {
		claims func(jwt.MapClaims)
		form   func(url.Values)
		code   string
	}{
		"another repository": {claims: func(c jwt.MapClaims) { c["sub"] = "repo:mallory/api:ref:refs/heads/main" }, code: "AccessDenied"},
		"another audience":   {claims: func(c jwt.MapClaims) { c["aud"] = "other" }, code: "InvalidIdentityToken"},
		"another issuer":     {claims: func(c jwt.MapClaims) { c["iss"] = "other" }, code: "InvalidIdentityToken"},
		"too late":           {claims: func(c jwt.MapClaims) { c["exp"] = 1 }, code: "ExpiredTokenException"},
		"without an end":     {claims: func(c jwt.MapClaims) { delete(c, "exp") }, code: "InvalidIdentityToken"},
		"another role":       {form: func(f url.Values) { f.Set("RoleArn", "arn:aws:iam::123456789012:role/other") }, code: "AccessDenied"},
		"no name":            {form: func(f url.Values) { f.Set("RoleSessionName", "") }, code: "ValidationError"},
		"too short":          {form: func(f url.Values) { f.Set("DurationSeconds", "60") }, code: "ValidationError"},
		"no token":           {form: func(f url.Values) { f.Set("WebIdentityToken", "x.y.z") }, code: "InvalidIdentityToken"},
		"a forged token": {form: func(f url.Values) {
			f.Set("WebIdentityToken", f.Get("WebIdentityToken")[:len(f.Get("WebIdentityToken"))-8]+"AAAAAAAA")
		},
			code: "InvalidIdentityToken"},
	} {
		if got := p.login(token(test.claims), test.form); got.Code != test.code || got.ID != "" {
			t.Errorf("%s: %q, want %q", name, got.Code, test.code)
		}
	}
	got := p.login(token(nil), nil)
	p.keys = sdk.Credentials{AccessKeyID: got.ID, SecretAccessKey: got.Secret, SessionToken: got.Token}
	if code, _ := p.ask("secretsmanager", "GetSecretValue", `{"SecretId":"api"}`); code != "" {
		t.Errorf("a session: %s", code)
	}
	p.ExpireSessions()
	if code, _ := p.ask("secretsmanager", "GetSecretValue", `{"SecretId":"api"}`); code != "ExpiredTokenException" {
		t.Errorf("a session that has ended: %q", code)
	}
}
