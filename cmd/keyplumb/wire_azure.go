package main

import (
	"cmp"

	"github.com/keyplumb/keyplumb/policy"
	"github.com/keyplumb/keyplumb/sync/source/azure"
	"github.com/keyplumb/keyplumb/sync/store"
)

// openAzure opens a Key Vault. A token opens all vaults that its identity may
// open, so that no address is the public default: not even one below
// vault.azure.net, where anybody can have a vault.
//
// In a policy that lets jobs log in, a machine that is no job uses what who
// sits before it has.
func (p *providers) openAzure(s policy.Source) (store.Source, error) {
	base, err := hostAllowed(address{service: "source " + s.Name, variable: "AZURE_KEYVAULT_URL", inPolicy: true,
		policy: s.Settings["address"], environment: p.Getenv("AZURE_KEYVAULT_URL")}, p.job, p.flags.allowHosts)
	if err != nil {
		return nil, err
	}
	usual, err := azure.Authority(base)
	if err != nil {
		return nil, err
	}
	authority, err := hostAllowed(address{service: "the login of source " + s.Name, variable: "AZURE_AUTHORITY_HOST",
		environment: p.Getenv("AZURE_AUTHORITY_HOST"), public: usual}, p.job, p.flags.allowHosts)
	if err != nil {
		return nil, err
	}
	config, err := p.trusting("SSL_CERT_FILE")
	if err != nil {
		return nil, err
	}
	auth := azure.Auth{
		Method: s.Auth["method"], Authority: authority, Audience: s.Auth["audience"],
		Tenant: cmp.Or(s.Auth["tenant"], p.Getenv("AZURE_TENANT_ID")), Client: cmp.Or(s.Auth["role"], p.Getenv("AZURE_CLIENT_ID")),
		Getenv: p.Getenv, Path: p.path,
	}
	if auth.Method == azure.OIDC {
		auth.Identity = p.identity("AZURE_ID_TOKEN", "az login")
		if !p.job.inCI() {
			auth.Method = azure.Default
		}
	}
	return azure.New(azure.Options{Address: base, Auth: auth, UserAgent: "keyplumb", TLS: config, Limiter: p.vaultLimiter(base), Notify: p.waiting})
}
