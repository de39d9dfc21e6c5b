package main

import (
	"fmt"
	"strings"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// awsCases are the leak suite with AWS for a source: what it holds, the job's
// token, the credentials that a login brings, a user's own, and all that AWS can
// do at each request of a run.
func awsCases() []leakCase {
	cases := []leakCase{
		{name: "aws, all is well", prepare: fromAWS(toAWS, nil)},
		{name: "ssm, all is well", prepare: fromAWS(toSSM, nil), commands: running},
		{name: "aws, the user's keys", prepare: fromAWS(toAWS, func(a *aviary, v *awsStage) { a.ownKeys(v) }), commands: running},
		{name: "aws, keys in a file", prepare: fromAWS(toAWS, func(a *aviary, v *awsStage) {
			secret := a.ownKeys(v)
			a.setenv("AWS_SECRET_ACCESS_KEY", "")
			a.setenv("AWS_ACCESS_KEY_ID", "")
			a.write(".aws/credentials", "[default]\naws_access_key_id = mine\naws_secret_access_key = "+secret+"\n")
		}), commands: running, meant: []string{".aws/credentials"}},
		{name: "aws, another's keys", prepare: fromAWS(toAWS, func(a *aviary, v *awsStage) {
			a.ownKeys(v)
			v.aws.AddKey("mine", "another", emulator.Allow("*", "*"))
		}), commands: running},
		{name: "aws, a program that fails", prepare: fromAWS(toAWS, func(a *aviary, _ *awsStage) {
			a.setenv("GITHUB_ACTIONS", "")
			a.setenv("CI", "")
			a.setenv("CANARY", a.values["prod"]["SHORT"])
			a.write(".aws/config", "[default]\ncredential_process = echo \"$CANARY\"; echo \"$CANARY\" >&2\n")
		}), commands: running},
		{name: "aws, files that are none", prepare: fromAWS(toAWS, func(a *aviary, _ *awsStage) {
			a.write(".aws/config", "[default]\nretry_mode = "+a.values["prod"]["SHORT"]+"\n")
		}), commands: running, meant: []string{".aws/config"}},
		{name: "aws, whole secrets", prepare: fromAWS(toAWS, func(_ *aviary, v *awsStage) { v.source("JSON: {}", `JSON: in: [_]: from: field: ""`) }), commands: running},
		{name: "aws, no such field", prepare: fromAWS(toAWS, func(_ *aviary, v *awsStage) { v.source("JSON: {}", `JSON: in: [_]: from: field: "SHORT.none"`) }), commands: running},
		{name: "aws, marked for deletion", prepare: fromAWS(toAWS, func(_ *aviary, v *awsStage) { v.aws.Delete("prod/api", time.Now().AddDate(0, 0, 7)) }), commands: running},
		{name: "ssm, no such parameter", prepare: fromAWS(toSSM, func(_ *aviary, v *awsStage) { v.aws.RemoveParameter("/prod/JSON") }), commands: running},
		{name: "aws, values in the wrong variables", prepare: fromAWS(toAWS, func(a *aviary, _ *awsStage) {
			for i, name := range []string{"AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_ID_TOKEN"} {
				a.setenv(name, a.values["prod"][[]string{"JSON", "SHORT", "UNICODE"}[i]])
			}
		}), commands: running},
		{name: "aws, a value for a profile", prepare: fromAWS(toAWS, func(a *aviary, _ *awsStage) { a.setenv("AWS_PROFILE", a.values["prod"]["SHORT"]) }), commands: running},
		{name: "aws, values for a role and its token", prepare: fromAWS(toAWS, func(a *aviary, v *awsStage) {
			v.source(`, auth: role: "arn:aws:iam::123456789012:role/ci-{env}"`, "")
			a.setenv("AWS_ROLE_ARN", "arn:"+a.values["prod"]["SHORT"])
			a.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "token")
			a.write("token", v.jobToken("sts.amazonaws.com"))
		}), commands: running, meant: []string{"token"}},
		{name: "aws, a value for an address", prepare: fromAWS(toAWS, func(a *aviary, _ *awsStage) { a.setenv("AWS_ENDPOINT_URL", a.values["prod"]["QUOTES"]) }), commands: running},
		{name: "aws, a value for a region", prepare: fromAWS(toAWS, func(a *aviary, v *awsStage) {
			v.source(`region: "eu-central-1", `, "")
			a.setenv("AWS_REGION", a.values["prod"]["SHORT"])
		}), commands: running},
	}
	return append(cases, awsFaults()...)
}

// ownKeys has the stage be a user's own machine, with keys of theirs.
func (a *aviary) ownKeys(v *awsStage) (secret string) {
	secret = storetest.Canaries()[4].Value + storetest.Canaries()[4].Value
	v.aws.AddKey("mine", secret, emulator.Allow("*", "*"))
	a.plant("secret access key", secret)
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": secret, "GITHUB_ACTIONS": "", "CI": ""} {
		a.setenv(name, value)
	}
	return secret
}

// fromAWS moves the aviary's secrets to AWS, in a job of GitHub Actions.
func fromAWS(policy func(string) string, then func(*aviary, *awsStage)) func(*aviary) {
	return func(a *aviary) {
		v := inAWS(a.stage, "both")
		v.told = func(token string) { a.plant("the job's token", token) }
		a.plant("the runner's credential", v.bearer)
		for environment, values := range a.values {
			v.put(environment, values)
			a.remove("secrets." + environment + ".yaml")
		}
		a.write("keyplumb.cue", policy(leakPolicy))
		// What a login brings is a canary from the moment it is there.
		v.aws.After(func(_ int, _, _ string) {
			v.mu.Lock()
			defer v.mu.Unlock()
			for _, session := range v.aws.Sessions() {
				a.plant("a session's secret key", session.Secret)
				a.plant("a session's token", session.Token)
			}
		})
		if then != nil {
			then(a, v)
		}
	}
}

func awsFaults() []leakCase {
	effects := map[string]emulator.Effect{
		"malformed": emulator.Malformed(),
		"elsewhere": emulator.Redirect(307, "http://127.0.0.2:1/"), "too long": emulator.Oversized(17 << 20), "come back later": emulator.ComeBack("3600"),
		"slow": emulator.Slow(200 * time.Millisecond),
	}
	for _, code := range []string{"AccessDeniedException", "ResourceNotFoundException", "InvalidRequestException", "ExpiredTokenException", "InvalidSignatureException", "InvalidIdentityToken", "DecryptionFailure"} {
		effects["echo "+code] = emulator.Echo(400, code)
		effects["failing "+code] = emulator.Failing(400, code)
	}
	for _, status := range []int{200, 403, 404, 418} {
		effects[fmt.Sprint("echo ", status)] = emulator.Echo(status, "InternalServiceError")
		effects[fmt.Sprint("echo text ", status)] = emulator.EchoText(status)
	}
	var cases []leakCase
	for path, policy := range map[string]func(string) string{"/sts/AssumeRoleWithWebIdentity": toAWS, "/secretsmanager/GetSecretValue": toAWS, "/ssm/GetParameters": toSSM} {
		for name, effect := range effects {
			if strings.HasPrefix(path, "/ssm/") && strings.HasPrefix(name, "echo") {
				continue // the words of errors are read in one place for all
			}
			cases = append(cases, leakCase{fault: "aws, " + name, name: fmt.Sprintf("aws, %s%s", name, strings.ReplaceAll(path, "/", " ")),
				commands: []string{"sync --report json=r.json"},
				prepare:  fromAWS(policy, func(_ *aviary, v *awsStage) { v.fault(path, effect) })})
		}
	}
	// What is tried again takes its time: each of these is for one request.
	for name, effect := range map[string]emulator.Effect{
		"truncated secretsmanager GetSecretValue": emulator.Truncate(), "cut after sts AssumeRoleWithWebIdentity": emulator.DropAfter(),
	} {
		words := strings.Fields(name)
		path := "/" + words[len(words)-2] + "/" + words[len(words)-1]
		cases = append(cases, leakCase{name: "aws, " + name, commands: []string{"sync --report json=r.json"},
			prepare: fromAWS(toAWS, func(_ *aviary, v *awsStage) { v.fault(path, effect) })})
	}
	return append(cases, batchFaults(effects)...)
}

// batchFaults have the secrets in several secrets, which are read together.
func batchFaults(effects map[string]emulator.Effect) []leakCase {
	var cases []leakCase
	for name, effect := range effects {
		if strings.HasPrefix(name, "echo") {
			continue // the words of errors are read in one place for all
		}
		cases = append(cases, leakCase{fault: "aws, " + name, name: "aws, " + name + " of a batch", commands: []string{"sync --report json=r.json"},
			prepare: fromAWS(toAWS, func(a *aviary, v *awsStage) {
				for environment, values := range a.values {
					for secret, value := range values {
						v.aws.Put(environment+"/"+secret, value)
					}
				}
				a.write("keyplumb.cue", toAWS(leakPolicy)+"secrets: [Name=_]: in: [Env=_]: from: {path: \"\\(Env)/\\(Name)\", field: \"\"}\n")
				v.fault("/secretsmanager/BatchGetSecretValue", effect)
			})})
	}
	return cases
}
