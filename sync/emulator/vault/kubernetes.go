package vault

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// A ServiceAccount is one of a cluster, with a token that the cluster's
// TokenReview takes as its own.
type ServiceAccount struct {
	Token     string
	Namespace string
	Name      string
	UID       string
	Audiences []string
	Gone      bool // the pod is no longer there, and TokenReview does not take its token
}

// A KubernetesRole is a role of the Kubernetes method:
// https://developer.hashicorp.com/vault/api-docs/auth/kubernetes#create-update-role
type KubernetesRole struct {
	Name       string
	Names      []string // bound_service_account_names; "*" is any
	Namespaces []string // bound_service_account_namespaces; "*" is any
	Audience   string   // "": any
	Policies   []string
	TTL        time.Duration // of its tokens; 0: Vault's default, 32 days
}

type kubernetes struct {
	roles    map[string]KubernetesRole
	accounts map[string]ServiceAccount // by token
}

// AddKubernetes adds the Kubernetes method at a path below auth, "kubernetes",
// of a cluster that has these service accounts.
func (n *Namespace) AddKubernetes(path string, accounts ...ServiceAccount) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	m := &kubernetes{map[string]KubernetesRole{}, map[string]ServiceAccount{}}
	for _, account := range accounts {
		m.accounts[account.Token] = account
	}
	n.logins[path] = m
}

// AddKubernetesRole adds a role to the Kubernetes method at a path, which must
// be there, or replaces the one of that name.
func (n *Namespace) AddKubernetesRole(path string, role KubernetesRole) {
	n.server.mu.Lock()
	defer n.server.mu.Unlock()
	m, there := n.logins[path].(*kubernetes)
	if !there {
		panic(fmt.Sprintf("no Kubernetes method at %q", path))
	}
	m.roles[role.Name] = role
}

func (m *kubernetes) check(c *call) (grant, error) {
	var body roleLogin
	if err := c.decode(&body); err != nil {
		return grant{}, err
	}
	role, there := m.roles[body.Role]
	account, known := m.accounts[body.JWT]
	switch {
	case body.Role == "":
		return grant{}, badLogin("missing role")
	case body.JWT == "":
		return grant{}, badLogin("missing jwt")
	case !there:
		return grant{}, badLogin("invalid role name %q", body.Role)
	case !known:
		return grant{}, refusal(http.StatusForbidden, "permission denied")
	case role.Audience != "" && !slices.Contains(account.Audiences, role.Audience):
		return grant{}, refusal(http.StatusForbidden, "invalid audience (aud) claim: audience claim does not match any expected audience")
	case !bound(role.Namespaces, account.Namespace):
		return grant{}, refusal(http.StatusForbidden, "namespace not authorized")
	case !bound(role.Names, account.Name):
		return grant{}, refusal(http.StatusForbidden, "service account name not authorized")
	case account.Gone:
		return grant{}, refusal(http.StatusForbidden, "permission denied")
	}
	meta := map[string]string{
		"role": role.Name, "service_account_name": account.Name, "service_account_namespace": account.Namespace,
		"service_account_secret_name": "", "service_account_uid": account.UID,
	}
	return grant{role.Policies, role.TTL, meta}, nil
}

func bound(to []string, name string) bool {
	return slices.Contains(to, "*") || slices.Contains(to, name)
}
