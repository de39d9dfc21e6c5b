package azure

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// A cloud is one of those that Microsoft runs apart from each other.
// https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#dns-suffixes-for-base-url
type cloud struct {
	suffix    string // of the vaults' hosts
	authority string // who gives tokens
	alias     string // another name of the authority's, to which its own documents may send; "" for none
	audience  string // of the token by which a job proves who it is
	local     bool   // a server on this machine, in a test
}

func clouds() []cloud {
	return []cloud{
		{suffix: "vault.azure.net", authority: "https://login.microsoftonline.com", audience: "api://AzureADTokenExchange"},
		{suffix: "vault.azure.cn", authority: "https://login.chinacloudapi.cn", alias: "https://login.partner.microsoftonline.cn", audience: "api://AzureADTokenExchangeChina"},
		{suffix: "vault.usgovcloudapi.net", authority: "https://login.microsoftonline.us", audience: "api://AzureADTokenExchangeUSGov"},
	}
}

// resource is what a token is made for: all vaults of the cloud.
func (c cloud) resource() string { return "https://" + c.suffix }

// scope is the resource as the authority wants it named.
func (c cloud) scope() string { return c.resource() + "/.default" }

// vaultName is what a vault can be called.
// https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates#vault-name-and-object-name
var vaultName = regexp.MustCompile(`^[a-z](-?[a-z0-9])+$`)

// cloudOf tells which cloud a vault is in, and its host. A loopback address is
// taken for one of the public cloud.
func cloudOf(address string) (c cloud, host string, err error) {
	wrong := invalid("the address is that of no Key Vault", "write it like https://NAME.vault.azure.net, with nothing after it; NAME.vault.azure.cn and NAME.vault.usgovcloudapi.net are known, too")
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" || u.Scheme != "https" {
		return cloud{}, "", wrong
	}
	host = strings.ToLower(u.Host)
	if isLoopback(u.Hostname()) {
		local := clouds()[0]
		local.local = true
		return local, host, nil
	}
	name, suffix, _ := strings.Cut(strings.TrimSuffix(host, ":443"), ".")
	for _, c := range clouds() {
		if c.suffix == suffix && vaultName.MatchString(name) && len(name) <= 24 {
			return c, host, nil
		}
	}
	return cloud{}, "", wrong
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Authority gives who makes the tokens for the vault at an address, unless
// somebody says otherwise. The error is store.ErrInvalid.
func Authority(address string) (string, error) {
	c, _, err := cloudOf(address)
	return c.authority, err
}
