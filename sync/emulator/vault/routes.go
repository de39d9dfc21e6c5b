package vault

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

type handler func(*call) (reply, error)

// public finds who answers without a token: nil where one is needed. A login at
// which no method is mounted needs one, too: Vault does not tell strangers what
// is mounted.
func (c *call) public() handler {
	switch c.path {
	case "sys/health":
		return (*call).health
	case "sys/seal-status":
		return (*call).sealStatus
	}
	login, isLogin := strings.CutSuffix(strings.TrimPrefix(c.path, "auth/"), "/login")
	if method := c.space.logins[login]; isLogin && method != nil && c.path != login+"/login" {
		return func(c *call) (reply, error) { return c.login(login, method) }
	}
	return nil
}

// private answers a request that has a token.
func (c *call) private() (reply, error) {
	if rest, ok := strings.CutPrefix(c.path, "sys/internal/ui/mounts"); ok {
		return c.uiMounts(strings.Trim(rest, "/"))
	}
	m, rest := c.space.mountAt(c.path)
	verb := c.verb()
	if verb == "create" && (m == nil || m.exists(rest)) {
		verb = "update"
	}
	if err := c.allow(verb); err != nil {
		return reply{}, err
	}
	switch {
	case m != nil:
		return m.serve(c, rest)
	case c.path == "auth/token/lookup-self":
		return c.only("read", (*call).lookupSelf)
	case c.path == "auth/token/revoke-self":
		return c.only("create", (*call).revokeSelf)
	case c.path == "sys/capabilities-self":
		return c.only("create", (*call).capabilitiesSelf)
	}
	return reply{}, noRoute(c.path)
}

// allow checks that the token's policies have the capability at the path: what
// is to be listed is a folder, with or without its slash.
func (c *call) allow(capability string) error {
	path, _ := c.seenFrom(c.token.space)
	granted := c.token.capabilities(path)
	if capability == "list" {
		folder := strings.TrimSuffix(path, "/")
		granted = append(c.token.capabilities(folder), c.token.capabilities(folder+"/")...)
	}
	if slices.Contains(granted, capability) || slices.Contains(granted, "root") {
		return nil
	}
	return denied()
}

// only has h answer requests of one verb, and refuses others.
func (c *call) only(verb string, h handler) (reply, error) {
	if c.verb() != verb {
		return reply{}, unsupported()
	}
	return h(c)
}

// capabilitiesSelf tells what the token may do at paths:
// /vault/api-docs/system/capabilities-self
func (c *call) capabilitiesSelf() (reply, error) {
	var body struct {
		Paths []string `json:"paths"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	data := map[string]any{}
	for _, path := range body.Paths {
		data[path] = c.token.capabilities(path)
	}
	var both map[string]any // the paths are beside the envelope's fields, and in its data
	if err := json.Unmarshal(marshal(c.envelope("system", data)), &both); err != nil {
		panic(err) // it was marshalled here
	}
	maps.Copy(both, data)
	return reply{http.StatusOK, both}, nil
}

// uiMounts tells of one mount, or of all that the token reaches:
// /vault/api-docs/system/internal-ui-mounts. A mount that is not there and one
// that is out of reach are answered alike.
func (c *call) uiMounts(path string) (reply, error) {
	if c.request.Method != http.MethodGet {
		return reply{}, unsupported()
	}
	if path == "" {
		reached := map[string]any{}
		for base, m := range c.space.mounts {
			if c.reaches(base) {
				reached[base+"/"] = m.describe()
			}
		}
		return c.result("", map[string]any{"auth": map[string]any{}, "secret": reached})
	}
	m, _ := c.space.mountAt(path)
	if m == nil || !c.reaches(m.base) {
		return reply{}, refusal(http.StatusForbidden, fmt.Sprintf("preflight capability check returned 403, please ensure client's policies grant access to path %q", path+"/"))
	}
	data := m.describe()
	data["path"] = m.base + "/"
	return c.result("", data)
}

// reaches reports whether the token may do anything below a mount of the
// request's namespace.
func (c *call) reaches(base string) bool {
	there := call{space: c.space, path: base}
	seen, _ := there.seenFrom(c.token.space)
	return c.token.reaches(seen)
}
