package main

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/keyplumb/keyplumb/sync/emulator/gitlab"
	"github.com/keyplumb/keyplumb/sync/store/storetest"
)

// gitlabCases are the leak suite at GitLab: values that it gives back, hides
// and refuses to mask, and what its server can do at each request of a sync.
func gitlabCases() []leakCase {
	cases := []leakCase{
		{name: "GitLab, all is well", prepare: atGitLab("")},
		{name: "GitLab, in a job", prepare: func(a *aviary) {
			atGitLab("")(a)
			for _, pair := range [][2]string{{"GITLAB_CI", "true"}, {"CI", "true"}, {"CI_PIPELINE_SOURCE", "push"}, {"CI_PROJECT_PATH", "acme/api"}} {
				a.setenv(pair[0], pair[1])
			}
		}, leaves: gitlabFiles},
		{name: "GitLab, what cannot be masked", prepare: atGitLab("masked: true"), commands: running},
		{name: "GitLab, what cannot be hidden", prepare: atGitLab("hidden: true"), commands: running},
		{name: "GitLab, files", prepare: atGitLab("file: true")},
		{name: "GitLab, hidden for good", prepare: func(a *aviary) {
			atGitLab("")(a)
			a.must(exitOK, "sync")
			for _, environment := range []string{"dev", "prod"} {
				a.editVariable(environment, "SHORT", func(v *gitlab.Variable) { v.Hidden = true })
			}
		}},
		{name: "GitLab, edited", prepare: func(a *aviary) {
			atGitLab("")(a)
			a.must(exitOK, "sync")
			a.editVariable("prod", "SHORT", func(v *gitlab.Variable) { v.Value = a.values["prod"]["JSON"] })
			a.editVariable("dev", "SHORT", func(v *gitlab.Variable) { v.Description = "is " + a.values["dev"]["SHORT"] })
		}},
		{name: "GitLab, strangers", prepare: func(a *aviary) {
			atGitLab("")(a)
			for name := range a.values["prod"] {
				a.addVariable(gitlab.Variable{Key: name, Scope: "prod", Value: a.values["dev"][name], Raw: true})
			}
		}},
		{name: "GitLab, the token is refused", prepare: func(a *aviary) { atGitLab("")(a); a.setenv("GITLAB_TOKEN", a.values["prod"]["SHORT"]) }, commands: running},
		{name: "GitLab, the job's token", prepare: func(a *aviary) {
			atGitLab("")(a)
			a.setenv("CI_JOB_TOKEN", a.values["prod"]["SHORT"])
			a.setenv("GITLAB_TOKEN", a.values["prod"]["SHORT"])
		}, commands: running},
		{name: "GitLab, values in the wrong variables", prepare: func(a *aviary) {
			atGitLab("")(a)
			a.setenv("CI_API_V4_URL", a.values["prod"]["JSON"])
			a.setenv("CI_SERVER_TLS_CA_FILE", a.values["prod"]["SHORT"])
		}, commands: running},
	}
	return append(cases, gitlabFaults()...)
}

// atGitLab moves the aviary's target there, with attributes for all.
func atGitLab(attributes string) func(*aviary) {
	return func(a *aviary) {
		a.toGitLab(gitlab.Options{Clock: a.github.Clock()})
		token := rand.Text()
		a.gitlab.AddToken(token, gitlab.Member("acme/api", gitlab.Maintainer))
		a.setenv("GITLAB_TOKEN", token)
		a.canaries = append(a.canaries, storetest.Canary{Name: "GitLab token", Value: token})
		a.write("keyplumb.cue", strings.Replace(toProject(leakPolicy), `project: "acme/api"`, `project: "acme/api", `+attributes, 1))
	}
}

func gitlabFaults() []leakCase {
	effects := map[string]gitlab.Effect{
		"truncated": gitlab.Truncate(), "malformed": gitlab.Malformed(), "cut before": gitlab.DropBefore(), "cut after": gitlab.DropAfter(),
		"elsewhere": gitlab.Redirect(307, "http://127.0.0.2:1/"), "too long": gitlab.Oversized(40 << 20),
	}
	for _, status := range []int{400, 401, 403, 404, 409, 418, 422, 500} {
		effects[fmt.Sprint("echo ", status)] = gitlab.Echo(status)
		effects[fmt.Sprint("echo text ", status)] = gitlab.EchoText(status)
	}
	var cases []leakCase
	for _, r := range []struct {
		method, path string
		after        bool // a sync that this request belongs to only if there was one before
	}{
		{"GET", "/projects/acme%2Fapi", false}, {"GET", "/projects/acme%2Fapi/variables", false}, {"POST", "/variables", false},
		{"PUT", "/variables/", true}, {"DELETE", "/variables/", true},
	} {
		for name, effect := range effects {
			cases = append(cases, leakCase{fault: "GitLab, " + name, name: fmt.Sprintf("GitLab, %s %s%s", name, r.method, strings.ReplaceAll(r.path, "/", " ")),
				commands: []string{"sync --prune --report json=r.json"},
				prepare: func(a *aviary) {
					atGitLab("")(a)
					if r.after {
						a.must(exitOK, "sync")
						delete(a.values["prod"], "JSON")
						for name := range a.values["prod"] {
							a.values["prod"][name] += "+"
						}
						a.seal("prod", a.values["prod"])
						a.write("keyplumb.cue", strings.Replace(toProject(leakPolicy), "\tJSON: {}\n", "", 1))
					}
					a.gitlab.Inject(gitlab.Fault{Effect: effect, When: func(_ int, m, p string) bool {
						return m == r.method && (p == r.path || r.method != "GET" && strings.Contains(p, r.path))
					}})
				}})
		}
	}
	return append(cases,
		leakCase{name: "GitLab, short lists", commands: running, prepare: func(a *aviary) {
			atGitLab("")(a)
			a.must(exitOK, "sync")
			a.gitlab.Inject(gitlab.Fault{Effect: gitlab.ShortList(1)})
		}},
		leakCase{name: "GitLab, come back later", commands: running, prepare: func(a *aviary) {
			atGitLab("")(a)
			a.gitlab.Inject(gitlab.Fault{Effect: gitlab.RateLimited(a.gitlab.Clock().Now(), 3600)})
		}})
}
