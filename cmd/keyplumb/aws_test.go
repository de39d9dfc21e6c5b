package main

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/aws"
	"github.com/keyplumb/keyplumb/sync/emulator/github"
	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
)

// TestJobLogsInToAWS: the job of an environment proves who it is, and reads what
// is its environment's, in one request a secret, or ten parameters.
func TestJobLogsInToAWS(t *testing.T) {
	for _, environment := range []string{"dev", "prod"} {
		for kind, test := range map[string]struct {
			policy string
			want   map[string]int
		}{
			"aws": {toAWS(stagePolicy), map[string]int{"/sts/AssumeRoleWithWebIdentity": 1, "/secretsmanager/GetSecretValue": 1}},
			"ssm": {toSSM(stagePolicy), map[string]int{"/sts/AssumeRoleWithWebIdentity": 1, "/ssm/GetParameters": 1}},
		} {
			t.Run(kind+" "+environment, func(t *testing.T) {
				t.Parallel()
				v := inAWS(newStage(t), environment)
				v.write("keyplumb.cue", test.policy)
				v.must(exitOK, "sync", "--env", environment)
				for _, name := range []string{"FIRST", "SECOND"} {
					if got, _ := v.github.SecretValue(github.InEnvironment("acme/api", environment), name); got != values(environment, "one")[name] {
						t.Errorf("%s is %q", name, got)
					}
				}
				if asked := v.asked(); !maps.Equal(asked, test.want) {
					t.Errorf("asked %v, want %v", asked, test.want)
				}
			})
		}
	}
}

// TestGitLabJobLogsInToAWS: as before, with the token that GitLab puts into a
// variable.
func TestGitLabJobLogsInToAWS(t *testing.T) {
	v := unsyncedAWS(t)
	v.toGitLab(gitlab.Options{Clock: v.github.Clock()})
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "", "GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_PROJECT_PATH": "acme/api", "AWS_ID_TOKEN": v.jobToken("sts.amazonaws.com"),
	} {
		v.setenv(name, value)
	}
	v.write("keyplumb.cue", toAWS(gitlabPolicy))
	v.must(exitOK, "sync")
	if got := v.variable("prod", "FIRST").Value; got != values("prod", "one")["FIRST"] {
		t.Errorf("FIRST is %q", got)
	}
}

// TestAWSRequests: 300 secrets of Secrets Manager are 15 requests, 300
// parameters 30, and one login each.
func TestAWSRequests(t *testing.T) {
	for kind, want := range map[string]map[string]int{
		"aws": {"/sts/AssumeRoleWithWebIdentity": 1, "/secretsmanager/BatchGetSecretValue": 15},
		"ssm": {"/sts/AssumeRoleWithWebIdentity": 1, "/ssm/GetParameters": 30},
	} {
		v := unsyncedAWS(t)
		var secrets strings.Builder
		for i := range 300 {
			name := fmt.Sprintf("SECRET_%03d", i)
			v.aws.Put("prod/"+name, "value of "+name)
			v.aws.PutParameter("/prod/"+name, "value of "+name)
			path := map[string]string{"aws": "prod/", "ssm": "/prod/"}[kind] + name
			fmt.Fprintf(&secrets, "\t%s: {owner: \"a\", in: prod: from: {path: %q, field: \"\"}}\n", name, path)
		}
		source := map[string]string{"aws": awsSource, "ssm": ssmSource}[kind]
		v.write("keyplumb.cue", "package keyplumb\n\nenvironments: prod: tier: \"production\"\n"+source+
			"\ntargets: api: {kind: \"github\", repository: \"acme/api\", scope: \"environment\"}\nsecrets: {\n"+secrets.String()+"}\n")
		if _, stdout, stderr := v.run("plan"); !strings.Contains(stdout+stderr, "SECRET_299") || strings.Contains(stdout+stderr, "missing-value") {
			t.Errorf("%s\n%s", stdout, stderr)
		}
		asked := v.asked()
		t.Logf("%s: 300 secrets: %v", kind, asked)
		if !maps.Equal(asked, want) {
			t.Errorf("asked %v, want %v", asked, want)
		}
	}
}

// TestOneLoginForTwoSources: sources that log in as the same log in once.
func TestOneLoginForTwoSources(t *testing.T) {
	v := unsyncedAWS(t)
	v.write("keyplumb.cue", strings.NewReplacer(`FIRST: owner:  "a"`, `FIRST: {owner: "a", in: [Env=_]: from: {source: "ssm", path: "/\(Env)/FIRST"}}`,
		`SECOND: owner: "a"`, `SECOND: {owner: "a", in: [_]: from: source: "aws"}`, `PLAIN: {owner: "a", `, `PLAIN: {owner: "a", in: [_]: from: source: "aws", `).
		Replace(toAWS(stagePolicy)+ssmSource+"\n"))
	v.must(exitOK, "sync", "--env", "prod")
	if asked := v.asked(); asked["/sts/AssumeRoleWithWebIdentity"] != 1 || asked["/ssm/GetParameters"] != 1 || asked["/secretsmanager/GetSecretValue"] != 1 {
		t.Errorf("asked %v", asked)
	}
}

// TestOwnAWSCredentials: whoever sits before a machine that is no CI job reads
// with credentials of their own.
func TestOwnAWSCredentials(t *testing.T) {
	v := unsyncedAWS(t)
	v.aws.AddKey("mine", "my own", emulator.Allow("*", "*"))
	v.setenv("AWS_ACCESS_KEY_ID", "mine")
	v.setenv("AWS_SECRET_ACCESS_KEY", "my own")
	for _, name := range []string{"CI", "GITHUB_ACTIONS"} {
		v.setenv(name, "")
	}
	v.must(exitOK, "plan")
	if asked := v.asked(); asked["/sts/AssumeRoleWithWebIdentity"] != 0 || len(v.aws.Sessions()) != 0 {
		t.Errorf("asked %v", asked)
	}
	// In CI they are not looked at.
	v.setenv("GITHUB_ACTIONS", "true")
	v.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
	if out := v.must(exitFailed, "plan"); !strings.Contains(out, "there is no identity token") {
		t.Errorf("%s", out)
	}
}

// TestOwnerInATag: a role that may see a secret's tags, besides its value, tells
// whose a value is that is due; one that may not leaves it out, and all else is
// the same.
func TestOwnerInATag(t *testing.T) {
	t.Parallel()
	for right, told := range map[string]bool{"secretsmanager:DescribeSecret": true, "secretsmanager:None": false} {
		v := inAWS(newStage(t), "prod")
		v.aws.Clock().Advance(-400 * 24 * time.Hour)
		v.put("prod", values("prod", "one"))
		v.aws.Clock().Advance(400 * 24 * time.Hour)
		v.aws.Tag("prod/api", "owner", "payments")
		v.role("prod", emulator.Allow("secretsmanager:GetSecretValue", "*:secret:prod/*"), emulator.Allow(right, "*:secret:prod/*"))
		v.source(`FIRST: owner:  "a"`, `FIRST: {}`)
		v.must(exitOK, "sync", "--env", "prod")
		out := v.must(exitOK, "plan", "--env", "prod")
		if !strings.Contains(out, "stale-rotation") || strings.Contains(out, "its source names payments as its owner") != told {
			t.Errorf("%s: %s", right, out)
		}
	}
}
