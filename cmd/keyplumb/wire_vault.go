package main

import (
	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/secret"
	"github.com/keyplumb/keyplumb/sync/source/vault"
	"github.com/keyplumb/keyplumb/sync/store"
)

// openVault opens a vault with one environment's role. In a policy that lets
// jobs log in, a machine that is no job uses the token of who sits before it.
func (p *providers) openVault(s policy.Source) (store.Source, error) {
	base, err := hostAllowed(address{service: "source " + s.Name, variable: "VAULT_ADDR", inPolicy: true,
		policy: s.Settings["address"], environment: p.Getenv("VAULT_ADDR")}, p.job, p.flags.allowHosts)
	if err != nil {
		return nil, err
	}
	config, err := p.trusting("VAULT_CACERT")
	if err != nil {
		return nil, err
	}
	auth := vault.Auth{
		Method: s.Auth["method"], Role: s.Auth["role"], Mount: s.Auth["mount"], Audience: s.Auth["audience"],
		Token:  secret.New([]byte(p.Getenv("VAULT_TOKEN"))),
		RoleID: secret.New([]byte(p.Getenv("VAULT_ROLE_ID"))), SecretID: secret.New([]byte(p.Getenv("VAULT_SECRET_ID"))),
	}
	switch auth.Method {
	case vault.JWT:
		auth.Identity = p.identity("VAULT_ID_TOKEN", "log in yourself, and set VAULT_TOKEN")
	case vault.Kubernetes:
		auth.Identity = podIdentity(serviceAccountToken)
	}
	if auth.Identity != nil && !p.job.inCI() && p.Getenv("VAULT_TOKEN") != "" {
		auth.Method = vault.Token
	}
	namespace, variable := s.Settings["namespace"], ""
	if named := p.Getenv("VAULT_NAMESPACE"); namespace == "" && named != "" {
		namespace, variable = named, "VAULT_NAMESPACE"
	}
	kv := map[string]int{"1": 1, "2": 2}[s.Settings["kv"]]
	return vault.New(vault.Options{
		Address: base, Namespace: namespace, NamespaceFrom: variable, Mount: s.Settings["mount"], KV: kv, Auth: auth,
		UserAgent: "keyplumb", TLS: config, Limiter: p.vaultLimiter(base), Notify: p.waiting,
	})
}

// vaultLimiter gives what is known of one vault's limits, for all environments
// that are read from it.
func (p *providers) vaultLimiter(base string) *rest.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.vaults[base] == nil {
		p.vaults[base] = rest.NewLimiter(rest.Pace{})
	}
	return p.vaults[base]
}
