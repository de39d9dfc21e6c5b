package github

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// An environment of a repository, with its protection and its stores.
type environment struct {
	id               int64
	name             string
	created, updated time.Time
	protection       protection
	secrets          *store
	variables        *store
}

// A protection is what jobs must pass to use an environment.
type protection struct {
	WaitTimer         int           `json:"wait_timer"` // minutes
	PreventSelfReview bool          `json:"prevent_self_review"`
	Reviewers         []reviewer    `json:"reviewers"`
	BranchPolicy      *branchPolicy `json:"deployment_branch_policy"`
}

type reviewer struct {
	Type string `json:"type"`
	ID   int64  `json:"id"`
}

type branchPolicy struct {
	Protected bool `json:"protected_branches"`
	Custom    bool `json:"custom_branch_policies"`
}

func newEnvironment(id int64, name string, now time.Time) *environment {
	return &environment{
		id: id, name: name, created: now, updated: now,
		secrets:   newSecrets(environmentSecretLimit),
		variables: newVariables(environmentVariableLimit),
	}
}

func (p protection) check() error {
	switch {
	case p.WaitTimer < 0 || p.WaitTimer > 43200:
		return unprocessable("Wait timer must be between 0 and 43200.")
	case len(p.Reviewers) > 6:
		return unprocessable("At most six reviewers are allowed.")
	case p.BranchPolicy != nil && p.BranchPolicy.Protected == p.BranchPolicy.Custom:
		return unprocessable("protected_branches and custom_branch_policies cannot have the same value.")
	}
	for _, r := range p.Reviewers {
		if r.Type != "User" && r.Type != "Team" {
			return unprocessable("Reviewers must be users or teams.")
		}
	}
	return nil
}

// environment finds the {environment} of the request's path; names are
// compared without case.
func (c *call) environment() (*environment, error) {
	env, ok := c.repo.environments[strings.ToLower(c.request.PathValue("environment"))]
	if !ok {
		return nil, notFound()
	}
	return env, nil
}

func listEnvironments(c *call) (reply, error) {
	described := []map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(c.repo.environments)) {
		described = append(described, c.describeEnvironment(c.repo.environments[key]))
	}
	return counted(c, usualPaging, "environments", described)
}

func getEnvironment(c *call) (reply, error) {
	env, err := c.environment()
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, c.describeEnvironment(env)}, nil
}

// putEnvironment creates the environment if need be. A body replaces the whole
// protection: what it leaves out, or gives as null, is cleared. Without a body
// (or with null) the protection stays as it is.
func putEnvironment(c *call) (reply, error) {
	name := c.request.PathValue("environment")
	if name == "" || len(name) > 255 {
		return reply{}, unprocessable("Invalid environment name.")
	}
	wanted, err := decodeOptional[protection](c)
	if err != nil {
		return reply{}, err
	}
	if wanted != nil {
		if err := wanted.check(); err != nil {
			return reply{}, err
		}
	}
	env, exists := c.repo.environments[strings.ToLower(name)]
	if !exists {
		env = newEnvironment(c.server.nextID(), name, c.now)
		c.repo.environments[strings.ToLower(name)] = env
	}
	if wanted != nil {
		env.protection, env.updated = *wanted, c.now
	}
	return reply{http.StatusOK, c.describeEnvironment(env)}, nil
}

func deleteEnvironment(c *call) (reply, error) {
	env, err := c.environment()
	if err != nil {
		return reply{}, err
	}
	delete(c.repo.environments, strings.ToLower(env.name))
	return reply{status: http.StatusNoContent}, nil
}

func (c *call) describeEnvironment(env *environment) map[string]any {
	full := c.repo.fullName()
	return map[string]any{
		"id": env.id, "node_id": nodeID("EN", env.id), "name": env.name,
		"url":        c.base + "/repos/" + full + "/environments/" + url.PathEscape(env.name),
		"html_url":   "https://github.com/" + full + "/deployments/activity_log?environments_filter=" + url.QueryEscape(env.name),
		"created_at": stamp(env.created), "updated_at": stamp(env.updated),
		"protection_rules":         c.describeRules(env),
		"deployment_branch_policy": env.protection.BranchPolicy,
	}
}

func (c *call) describeRules(env *environment) []map[string]any {
	rules := []map[string]any{}
	add := func(kind string, more map[string]any) {
		id := env.id*10 + int64(len(rules))
		rule := map[string]any{"id": id, "node_id": nodeID("GA", id), "type": kind}
		maps.Copy(rule, more)
		rules = append(rules, rule)
	}
	p := env.protection
	if p.WaitTimer > 0 {
		add("wait_timer", map[string]any{"wait_timer": p.WaitTimer})
	}
	if len(p.Reviewers) > 0 || p.PreventSelfReview {
		add("required_reviewers", map[string]any{"prevent_self_review": p.PreventSelfReview, "reviewers": c.describeReviewers(p.Reviewers)})
	}
	if p.BranchPolicy != nil {
		add("branch_policy", nil)
	}
	return rules
}
