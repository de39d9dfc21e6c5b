package vault

import (
	"crypto/rand"
	"net/http"
	"time"
)

// A method is a way to log in.
type method interface {
	// check judges a login's credentials, and says what they give; the error
	// is a failure.
	check(c *call) (grant, error)
}

// A grant is what a login gives: a token, with these policies and default.
type grant struct {
	policies []string
	life     time.Duration
	meta     map[string]string
}

// login answers a request to log in. The path is that of the method below auth.
func (c *call) login(path string, m method) (reply, error) {
	if verb := c.verb(); verb != "create" {
		return reply{}, refusal(http.StatusMethodNotAllowed, "unsupported operation")
	}
	got, err := m.check(c)
	if err != nil {
		return reply{}, err
	}
	if got.life == 0 {
		got.life = lease * time.Second
	}
	t := &token{
		value: "hvs." + rand.Text() + rand.Text(), space: c.space, policies: withDefault(got.policies),
		path: "auth/" + path + "/login", name: path, meta: got.meta, orphan: true, expires: c.now.Add(got.life),
	}
	c.server.keep(t)
	result := c.envelope("", nil)
	result.Auth = map[string]any{
		"client_token": t.value, "accessor": t.accessor, "policies": t.policies, "token_policies": t.policies,
		"metadata": t.meta, "lease_duration": seconds(got.life), "renewable": true, "entity_id": newID(),
		"token_type": "service", "orphan": true, "mfa_requirement": nil, "num_uses": 0,
	}
	return reply{http.StatusOK, result}, nil
}
