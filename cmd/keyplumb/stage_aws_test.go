package main

import (
	"crypto/rsa"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
)

// An awsStage is a stage whose secrets are in an emulated AWS: those of an
// environment in one secret of Secrets Manager, and each in a parameter of its
// own, too. Its jobs log in with the token that the CI system gives them, as a
// role for each environment that trusts that environment's jobs alone.
type awsStage struct {
	*stage
	*jobRunner
	aws *emulator.Server
	url string
}

const (
	awsSource = `sources: aws: {kind: "aws", region: "eu-central-1", path: "{env}/api", auth: role: "arn:aws:iam::123456789012:role/ci-{env}"}`
	ssmSource = `sources: ssm: {kind: "ssm", region: "eu-central-1", auth: role: "arn:aws:iam::123456789012:role/ci-{env}"}`
)

// toAWS puts the source of a policy into Secrets Manager.
func toAWS(policy string) string {
	return strings.Replace(policy, `sources: files: {kind: "sops", path: "secrets.{env}.yaml"}`, awsSource, 1)
}

// toSSM puts it into Parameter Store.
func toSSM(policy string) string {
	policy = strings.Replace(policy, `sources: files: {kind: "sops", path: "secrets.{env}.yaml"}`, ssmSource, 1)
	return policy + "secrets: [Name=_]: in: [Env=_]: from: path: \"/\\(Env)/\\(Name)\"\n"
}

// inAWS moves a stage's secrets to AWS, and has it run in a job of GitHub
// Actions, in the given environment of it; "" for none.
func inAWS(s *stage, environment string) *awsStage {
	s.t.Helper()
	v := &awsStage{stage: s, aws: emulator.New(emulator.Options{})}
	v.jobRunner = newJobRunner(s.t, environment, v.aws.Clock().Now)
	listening := httptest.NewServer(v.aws)
	s.t.Cleanup(listening.Close)
	v.url = listening.URL
	v.aws.AddProvider(emulator.Provider{Issuer: "https://token.actions.githubusercontent.com", Keys: []*rsa.PublicKey{&jobKey().PublicKey}, ClientIDs: []string{"sts.amazonaws.com"}})
	for _, environment := range []string{"dev", "prod"} {
		v.role(environment,
			emulator.Allow("secretsmanager:BatchGetSecretValue", "*"), emulator.Allow("secretsmanager:GetSecretValue", "*:secret:"+environment+"/*"),
			emulator.Allow("ssm:GetParameters", "*:parameter/"+environment+"/*"))
		v.put(environment, values(environment, "one"))
	}
	for name, value := range v.jobEnviron() {
		s.setenv(name, value)
	}
	s.setenv("AWS_ENDPOINT_URL", v.url)
	s.setenv("SOPS_AGE_KEY", "")
	s.setenv("GITHUB_RUN_ID", "17")
	s.write("keyplumb.cue", toAWS(stagePolicy))
	return v
}

// role gives an environment's role a policy.
func (v *awsStage) role(environment string, policy ...emulator.Statement) {
	v.aws.AddRole(emulator.Role{Name: "ci-" + environment, Policy: policy,
		Conditions: map[string][]string{"sub": {"repo:acme/api:environment:" + environment, "repo:acme/api:environment:both"}}})
}

// put stores an environment's values in both of the stores.
func (v *awsStage) put(environment string, values map[string]string) {
	v.t.Helper()
	text, err := json.Marshal(values)
	if err != nil {
		v.t.Fatal(err)
	}
	v.aws.Put(environment+"/api", string(text))
	for name, value := range values {
		v.aws.PutParameter("/"+environment+"/"+name, value)
	}
}

// asked counts the requests, by service and action.
func (v *awsStage) asked() map[string]int {
	got := map[string]int{}
	for _, r := range v.aws.Requests() {
		got[r.Path]++
	}
	return got
}

func (v *awsStage) fault(path string, effect emulator.Effect) {
	v.aws.Inject(emulator.Fault{When: emulator.On(path), Effect: effect})
}

// source changes one text in the policy.
func (v *awsStage) source(before, after string) {
	v.t.Helper()
	v.edit("keyplumb.cue", func(text string) string { return swap(text, before, after) })
}

// unsyncedAWS is for a first sync of a job that may have both environments.
func unsyncedAWS(t *testing.T) *awsStage {
	t.Helper()
	return inAWS(newStage(t), "both")
}
