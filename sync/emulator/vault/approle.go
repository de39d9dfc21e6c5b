package vault

import (
	"crypto/subtle"
	"net/http"
	"time"
)

// An AppRole is a role of the AppRole method, with the one secret id that it
// has: https://developer.hashicorp.com/vault/api-docs/auth/approle
type AppRole struct {
	Name     string
	RoleID   string
	SecretID string
	Uses     int // how often the secret id can be used; 0: always
	Policies []string
	TTL      time.Duration // of its tokens; 0: Vault's default, 32 days
}

type approle struct{ roles map[string]*AppRole } // by role id

// AddAppRole adds a role to the AppRole method at a path below auth, "approle",
// and the method where it is not there.
func (n *Namespace) AddAppRole(path string, role AppRole) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	m, there := n.logins[path].(*approle)
	if !there {
		m = &approle{roles: map[string]*AppRole{}}
		n.logins[path] = m
	}
	if role.Uses == 0 {
		role.Uses = -1
	}
	m.roles[role.RoleID] = &role
}

func (m *approle) check(c *call) (grant, error) {
	var body struct {
		RoleID   string `json:"role_id"`
		SecretID string `json:"secret_id"`
	}
	if err := c.decode(&body); err != nil {
		return grant{}, err
	}
	switch {
	case body.RoleID == "":
		return grant{}, refusal(http.StatusInternalServerError, "failed to determine alias name from login request")
	case body.SecretID == "":
		return grant{}, refusal(http.StatusBadRequest, "missing secret_id")
	}
	role := m.roles[body.RoleID]
	if role == nil || role.Uses == 0 || subtle.ConstantTimeCompare([]byte(role.SecretID), []byte(body.SecretID)) == 0 {
		return grant{}, refusal(http.StatusBadRequest, "invalid role or secret ID")
	}
	role.Uses--
	return grant{role.Policies, role.TTL, map[string]string{"role_name": role.Name}}, nil
}
