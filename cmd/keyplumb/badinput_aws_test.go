package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
)

// A badAWS is one thing that can be wrong with AWS, or on the way to it.
type badAWS struct {
	badInput
	spoil func(*awsStage)
}

func tryBadAWS(t *testing.T, policy func(string) string, cases []badAWS) {
	t.Helper()
	for _, bad := range cases {
		t.Run(bad.name, func(t *testing.T) {
			t.Parallel()
			v := unsyncedAWS(t)
			v.write("keyplumb.cue", policy(stagePolicy))
			bad.spoil(v)
			bad.args = "sync --env prod"
			bad.try(v.stage)
		})
	}
}

// TestBadAWSLogin: what can be wrong before the first secret is read.
func TestBadAWSLogin(t *testing.T) {
	elsewhere := func(variable string) func(*awsStage) {
		return func(v *awsStage) { v.setenv(variable, "https://aws.example.com") }
	}
	tryBadAWS(t, toAWS, []badAWS{
		{badInput{name: "no identity", code: exitFailed, want: []string{"there is no identity token", "hint: give the job permissions: {id-token: write"}},
			func(v *awsStage) { v.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "") }},
		{badInput{name: "another repository", code: exitFailed, want: []string{"log in arn:aws:iam::123456789012:role/ci-prod: credential refused: there is no such role, or it does not trust who asks", "hint: compare the role's trust policy"}},
			func(v *awsStage) { v.claim("sub", "repo:mallory/api:environment:prod") }},
		{badInput{name: "another environment", code: exitFailed, want: []string{"it does not trust who asks"}},
			func(v *awsStage) { v.claim("sub", "repo:acme/api:environment:dev") }},
		{badInput{name: "another issuer", code: exitFailed, want: []string{"the account has no identity provider", "hint: make one: aws iam create-open-id-connect-provider"}},
			func(v *awsStage) { v.claim("iss", "https://gitlab.com") }},
		{badInput{name: "another audience", code: exitFailed, want: []string{"another audience than the account's identity provider takes", "auth: audience"}},
			func(v *awsStage) { v.source(`auth: role:`, `auth: audience: "other", auth: role:`) }},
		{badInput{name: "no ARN", code: exitFailed, want: []string{"the role is no ARN", "hint: write it like arn:aws:iam::123456789012:role/ci-prod"}},
			func(v *awsStage) { v.source("arn:aws:iam::123456789012:role/ci-{env}", "ci-{env}") }},
		{badInput{name: "throttled for an hour", code: exitFailed, want: []string{"throttled", "hint: run keyplumb again"}},
			func(v *awsStage) { v.fault("/sts/AssumeRoleWithWebIdentity", emulator.ComeBack("3600")) }},
		{badInput{name: "half a login", code: exitFailed, want: []string{"log in arn:aws:iam::123456789012:role/ci-prod: unavailable: the answer could not be read"}},
			func(v *awsStage) { v.fault("/sts/AssumeRoleWithWebIdentity", emulator.Malformed()) }},
		{badInput{name: "no credentials", code: exitFailed, want: []string{"log in AWS: credential refused: there are no credentials", "hint: let the job log in"}},
			func(v *awsStage) {
				v.source(`, auth: role: "arn:aws:iam::123456789012:role/ci-{env}"`, "")
				v.setenv("AWS_EC2_METADATA_DISABLED", "true")
			}},
		{badInput{name: "no such profile", code: exitFailed, want: []string{"read the profile that AWS_PROFILE names: credential refused: there is no such profile"}},
			func(v *awsStage) { v.setenv("AWS_PROFILE", "none") }},
		{badInput{name: "files that are none", code: exitFailed, want: []string{"AWS's own files cannot be read", "hint: look at ~/.aws/config"}, never: []string{"canary"}},
			func(v *awsStage) { v.write(".aws/config", "[default]\nretry_mode = canary\n") }},
		{badInput{name: "no region", code: exitFailed, want: []string{"open AWS: refused as invalid: there is no region", "AWS_REGION"}},
			func(v *awsStage) { v.source(`region: "eu-central-1", `, "") }},
		{badInput{name: "a region that is a host", code: exitFailed, want: []string{"the policy's region is none", "hint: write it like eu-central-1"}},
			func(v *awsStage) { v.source(`"eu-central-1"`, `"eu.mallory.example/"`) }},
		{badInput{name: "roots that are none", code: exitFailed, want: []string{"AWS_CA_BUNDLE names holds no certificate", "hint: "}},
			func(v *awsStage) { v.write("roots.pem", "none"); v.setenv("AWS_CA_BUNDLE", "roots.pem") }},
		{badInput{name: "an address of STS from one place", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of STS to aws.example.com", "--allow-host aws.example.com"}},
			elsewhere("AWS_ENDPOINT_URL_STS")},
		{badInput{name: "an address of secrets from one place", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of Secrets Manager to aws.example.com", "name it both in the policy and in AWS_ENDPOINT_URL_SECRETS_MANAGER"}},
			elsewhere("AWS_ENDPOINT_URL_SECRETS_MANAGER")},
		{badInput{name: "an address from the policy alone", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of Secrets Manager to aws.example.com"}},
			func(v *awsStage) {
				v.setenv("AWS_ENDPOINT_URL", "")
				v.setenv("AWS_ENDPOINT_URL_STS", v.url)
				v.source(`kind: "aws"`, `kind: "aws", address: "https://aws.example.com"`)
			}},
		{badInput{name: "two addresses", code: exitFailed, want: []string{"the policy and AWS_ENDPOINT_URL send Secrets Manager to different addresses"}},
			func(v *awsStage) { v.source(`kind: "aws"`, `kind: "aws", address: "https://aws.example.com"`) }},
		{badInput{name: "an address from a file", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of STS to aws.example.com"}},
			func(v *awsStage) {
				v.setenv("AWS_ENDPOINT_URL", "")
				v.write(".aws/config", "[default]\nendpoint_url = https://aws.example.com\n")
			}},
		{badInput{name: "a container's credentials from elsewhere", code: exitFailed, want: []string{"in CI, one place alone may not send the credential of container credentials to aws.example.com"}},
			func(v *awsStage) {
				v.source(`, auth: role: "arn:aws:iam::123456789012:role/ci-{env}"`, "")
				v.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://aws.example.com/credentials")
			}},
	})
}

// TestBadSecretsManager: what can be wrong with secrets.
func TestBadSecretsManager(t *testing.T) {
	const get = "/secretsmanager/GetSecretValue"
	tryBadAWS(t, toAWS, []badAWS{
		{badInput{name: "denied", code: exitFailed, want: []string{"read prod/api: denied: the role may not read it", "hint: the role's policy needs: secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-central-1:*:secret:prod/api-*"}},
			func(v *awsStage) { v.role("prod") }},
		{badInput{name: "the key denied", code: exitFailed, want: []string{"read prod/api: denied: the role may not use the KMS key", "kms:Decrypt"}},
			func(v *awsStage) { v.aws.SetKey("prod/api", emulator.KeyDenied) }},
		{badInput{name: "the key disabled", code: exitFailed, want: []string{"read prod/api: unreadable: AWS cannot decrypt it", "hint: is the key enabled?"}},
			func(v *awsStage) { v.aws.SetKey("prod/api", emulator.KeyDisabled) }},
		{badInput{name: "no such secret", code: exitFindings, errors: 3, want: []string{"missing-value", "there is no such secret in eu-central-1", "help: look with aws secretsmanager describe-secret"}},
			func(v *awsStage) { v.aws.Remove("prod/api") }},
		{badInput{name: "no such field", code: exitFindings, want: []string{"missing-value", "no such field: FIRST", "there are: PLAIN, SECOND"}},
			func(v *awsStage) { v.put("prod", map[string]string{"SECOND": "two", "PLAIN": "p"}) }},
		{badInput{name: "marked for deletion", code: exitFindings, errors: 3, want: []string{"missing-value", "it is marked for deletion", "aws secretsmanager restore-secret --secret-id prod/api"}},
			func(v *awsStage) { v.aws.Delete("prod/api", v.aws.Clock().Now().AddDate(0, 0, 7)) }},
		{badInput{name: "no version before", code: exitFindings, want: []string{"missing-value", "there is no version before the current one"}},
			func(v *awsStage) {
				v.source(`FIRST: owner:  "a"`, `FIRST: {owner: "a", in: prod: from: version: "previous"}`)
			}},
		{badInput{name: "throttled for an hour", code: exitFailed, want: []string{"throttled", "hint: run keyplumb again"}}, func(v *awsStage) { v.fault(get, emulator.ComeBack("3600")) }},
		{badInput{name: "nobody there", code: exitFailed, want: []string{"read prod/api: unavailable: no connection"}},
			func(v *awsStage) { v.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:1") }},
		{badInput{name: "half an answer", code: exitFailed, want: []string{"read prod/api: unavailable: the answer could not be read"}}, func(v *awsStage) { v.fault(get, emulator.Malformed()) }},
		{badInput{name: "an answer over the cap", code: exitFailed, want: []string{"read prod/api: unavailable: answer too long"}}, func(v *awsStage) { v.fault(get, emulator.Oversized(17<<20)) }},
		{badInput{name: "an expired token mid-run", code: exitFailed, want: []string{"read prod/api: credential refused: the credentials have run out", "hint: log in again"}},
			func(v *awsStage) { v.expireAfterLogin() }},
		{badInput{name: "a wrong clock", code: exitFailed, want: []string{"the request's time is not that of AWS", "hint: set this machine's clock"}},
			func(v *awsStage) {
				v.fault(get, emulator.Refuse(400, "InvalidSignatureException", "Signature expired: 20261124T100000Z is now earlier than 20261124T115500Z"))
			}},
	})
}

// TestBadParameterStore: what can be wrong with parameters.
func TestBadParameterStore(t *testing.T) {
	const get = "/ssm/GetParameters"
	tryBadAWS(t, toSSM, []badAWS{
		{badInput{name: "one denied", code: exitFailed, want: []string{"read /prod/SECOND: denied: the role may not read it", "hint: the role's policy needs: ssm:GetParameters on arn:aws:ssm:eu-central-1:*:parameter/prod/SECOND"}},
			func(v *awsStage) { v.role("prod", emulator.Allow("*", "*"), emulator.Deny("*", "*/SECOND")) }},
		{badInput{name: "the key denied", code: exitFailed, want: []string{"read /prod/FIRST: denied: the role may not use the KMS key", "kms:Decrypt"}},
			func(v *awsStage) { v.aws.SetParameterKey("/prod/FIRST", emulator.KeyDenied) }},
		{badInput{name: "no such parameter", code: exitFindings, want: []string{"missing-value", "there is no such parameter in eu-central-1", "help: look with aws ssm get-parameter --name /prod/FIRST"}},
			func(v *awsStage) { v.aws.RemoveParameter("/prod/FIRST") }},
		{badInput{name: "throttled for an hour", code: exitFailed, want: []string{"throttled", "hint: run keyplumb again"}}, func(v *awsStage) { v.fault(get, emulator.ComeBack("3600")) }},
		{badInput{name: "half an answer", code: exitFailed, want: []string{"read /prod/FIRST: unavailable: the answer could not be read"}}, func(v *awsStage) { v.fault(get, emulator.Malformed()) }},
		{badInput{name: "an answer over the cap", code: exitFailed, want: []string{"read /prod/FIRST: unavailable: answer too long"}}, func(v *awsStage) { v.fault(get, emulator.Oversized(17<<20)) }},
		{badInput{name: "an expired token mid-run", code: exitFailed, want: []string{"read /prod/FIRST: credential refused: the credentials have run out"}},
			func(v *awsStage) { v.expireAfterLogin() }},
	})
}

// expireAfterLogin ends every session as soon as it is there.
func (v *awsStage) expireAfterLogin() {
	v.aws.After(func(_ int, _, path string) {
		if strings.HasPrefix(path, "/sts/") {
			v.aws.ExpireSessions()
		}
	})
}

// TestAWSCredentialStays: wherever AWS sends keyplumb to, neither the job's token
// nor a signed request goes there.
func TestAWSCredentialStays(t *testing.T) {
	var asked atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for path, policy := range map[string]func(string) string{"/sts/AssumeRoleWithWebIdentity": toAWS, "/secretsmanager/GetSecretValue": toAWS, "/ssm/GetParameters": toSSM} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			v := unsyncedAWS(t)
			v.write("keyplumb.cue", policy(stagePolicy))
			v.fault(path, emulator.Redirect(status, elsewhere.URL))
			bad := badInput{args: "sync --env prod", code: exitFailed, want: []string{"where the request does not go", "hint: name the address of the service itself"}}
			bad.try(v.stage)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}

// TestAWSOwnRoots: AWS_CA_BUNDLE names who is believed beside the system's.
func TestAWSOwnRoots(t *testing.T) {
	v := unsyncedAWS(t)
	secured := listenTLS(t, v.aws)
	v.setenv("AWS_ENDPOINT_URL", secured.url)
	(&badInput{args: "sync --env prod", code: exitFailed, want: []string{"the server's certificate is not trusted"}}).try(v.stage)
	v.write("roots.pem", string(secured.roots))
	v.setenv("AWS_CA_BUNDLE", "roots.pem")
	v.must(exitOK, "sync")
}

// TestSlowAWS: what is slow is waited for, and what is hasty once is asked again
// a second later.
func TestSlowAWS(t *testing.T) {
	v := unsyncedAWS(t)
	v.fault("/secretsmanager/GetSecretValue", emulator.Slow(50*time.Millisecond))
	v.aws.Inject(emulator.Fault{When: emulator.On("/sts/AssumeRoleWithWebIdentity"), Times: 1, Effect: emulator.ComeBack("0")})
	v.must(exitOK, "sync")
}
