package github

import (
	"net/http"
	"regexp"
)

// An oidcSubject customizes the sub claim of a workflow's OIDC token.
type oidcSubject struct {
	useDefault bool
	keys       []string
	immutable  bool
}

type subjectBody struct {
	UseDefault *bool    `json:"use_default"`
	Keys       []string `json:"include_claim_keys"`
	Immutable  bool     `json:"use_immutable_subject"`
}

var claimShape = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

func (b subjectBody) check() error {
	for _, key := range b.Keys {
		if !claimShape.MatchString(key) {
			return unprocessable("Each claim key can only contain alphanumeric characters and underscores.")
		}
	}
	return nil
}

func getRepositorySubject(c *call) (reply, error) {
	subject := c.repo.oidc
	fields := map[string]any{"use_default": subject.useDefault, "use_immutable_subject": subject.immutable}
	if !subject.useDefault {
		fields["include_claim_keys"] = append([]string{}, subject.keys...)
	}
	return reply{http.StatusOK, fields}, nil
}

func putRepositorySubject(c *call) (reply, error) {
	body, err := decode[subjectBody](c)
	if err != nil {
		return reply{}, err
	}
	if body.UseDefault == nil {
		return reply{}, missing("use_default")
	}
	if err := body.check(); err != nil {
		return reply{}, err
	}
	c.repo.oidc = oidcSubject{useDefault: *body.UseDefault, keys: body.Keys, immutable: body.Immutable}
	return written(false), nil
}

func getOrganizationSubject(c *call) (reply, error) {
	org, err := c.organization()
	if err != nil {
		return reply{}, err
	}
	keys := append([]string{}, org.oidc.keys...)
	return reply{http.StatusOK, map[string]any{"include_claim_keys": keys, "use_immutable_subject": org.oidc.immutable}}, nil
}

func putOrganizationSubject(c *call) (reply, error) {
	org, err := c.organization()
	if err != nil {
		return reply{}, err
	}
	body, err := decode[subjectBody](c)
	if err != nil {
		return reply{}, err
	}
	if err := body.check(); err != nil {
		return reply{}, err
	}
	org.oidc = oidcSubject{keys: body.Keys, immutable: body.Immutable}
	return written(false), nil
}
