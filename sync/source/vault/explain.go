package vault

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// explain adds what holds for every request. What the server told is matched
// with words of Vault's source, and never repeated.
func (s *Source) explain(e *store.Error, told string) {
	switch {
	case e.Status == http.StatusServiceUnavailable && strings.Contains(told, "is sealed"):
		e.Detail, e.Hint = "the vault is sealed", "have it unsealed by those who hold its keys, and run keyplumb again"
	case e.Status == http.StatusServiceUnavailable && strings.Contains(told, "not active"):
		e.Detail, e.Hint = "this node is a standby, and there is no active one", "wait until the cluster has elected one, and run keyplumb again"
	case e.Status == http.StatusServiceUnavailable:
		e.Detail = cmp.Or(e.Detail, "the vault is sealed, not initialized, or in maintenance")
	case errors.Is(e, store.ErrMoved):
		e.Detail = "the server sends keyplumb to another address, where the token does not go"
		e.Hint = "name the address of the active node, or of what stands in front of the cluster"
	case errors.Is(e, store.ErrUnauthentic), e.Status == http.StatusForbidden && strings.Contains(told, "invalid token"):
		e.Kind, e.Detail = store.ErrUnauthentic, "the token is wrong, was revoked, or has run out"
		e.Hint = "log in again (VAULT_TOKEN), or give the role a token_ttl that lasts for the run"
	}
	switch {
	case e.Hint != "":
	case errors.Is(e, store.ErrUnavailable) && e.Status == 0:
		e.Hint = "see with vault status whether the vault answers at " + s.host + " from here, with a certificate that is trusted (VAULT_CACERT), and run keyplumb again"
	case errors.Is(e, store.ErrUnavailable):
		e.Hint = "see with vault status how the vault is, and run keyplumb again"
	default:
		e.Hint = "ask those who run the vault: its audit log says what it makes of the request"
	}
}

// explainRead tells what a policy must have for a read that was denied.
func (s *Source) explainRead(err error, told, path string) error {
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		return err
	}
	s.explain(e, told)
	if errors.Is(e, store.ErrDenied) && e.Status != 0 {
		e.Detail = cmp.Or(e.Detail, "the token may not read it")
		e.Hint = fmt.Sprintf("the token's policies need: path %q { capabilities = [\"read\"] }%s", path, s.inNamespace())
	}
	return e
}

func (s *Source) explainMount(err error, told, about string) error {
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		return err
	}
	if e.Status == http.StatusNotFound { // of what stands before the vault
		return unsaid(e)
	}
	s.explain(e, told)
	if errors.Is(e, store.ErrDenied) && e.Status != 0 {
		e.Detail = "nothing is mounted there, or the token may see nothing in it"
		e.Hint = fmt.Sprintf("is it right in the policy? The token's policies need: path \"%s/data/…\" { capabilities = [\"read\"] }, for kv version 1 without data/%s",
			cmp.Or(s.options.Mount, about), s.inNamespace())
	}
	return e
}

func (s *Source) inNamespace() string {
	switch {
	case s.options.Namespace == "":
		return ""
	case s.options.NamespaceFrom != "":
		return ", in the namespace that " + s.options.NamespaceFrom + " names"
	}
	return ", in the namespace " + strings.Trim(s.options.Namespace, "/")
}

// explainLogin tells why nobody was let in.
func (s *Source) explainLogin(err error, told string) error {
	e, ok := errors.AsType[*store.Error](err)
	if !ok {
		return err
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
	default:
		s.explain(e, told)
		return e
	}
	e.Kind = store.ErrUnauthentic
	a := s.options.Auth
	e.Detail, e.Hint = "the vault lets nobody in like this", fmt.Sprintf("is there an auth method at auth/%s%s? See vault auth list, and auth.mount in the policy", a.Mount, s.inNamespace())
	for _, known := range s.refusals() {
		if containsAny(told, known.words) {
			e.Detail, e.Hint = known.detail, known.hint
			break
		}
	}
	return e
}

// A refusal is one reason that Vault gives, and what to do about it.
type refusal struct {
	words        []string // any of them, in lower case
	detail, hint string
}

// refusals are those of the method that is used, the most telling first. The
// words are from the source of vault-plugin-auth-jwt, of hashicorp/cap that it
// stands on, of vault-plugin-auth-kubernetes, and of Vault's approle.
func (s *Source) refusals() []refusal {
	a := s.options.Auth
	noRole := refusal{[]string{"could not be found", "invalid role name"}, fmt.Sprintf("there is no role %q at auth/%s", a.Role, a.Mount),
		fmt.Sprintf("is auth.role right in the policy? vault list auth/%s/role lists the roles", a.Mount)}
	switch a.Method {
	case AppRole:
		return []refusal{{[]string{"invalid role or secret id", "invalid secret_id", "missing secret_id", "missing role_id"},
			"the vault does not know this role id and secret id together, or the secret id is used up or has run out",
			"make a new one: vault write -f auth/" + a.Mount + "/role/NAME/secret-id; set VAULT_ROLE_ID and VAULT_SECRET_ID"}}
	case Kubernetes:
		return []refusal{noRole, {[]string{"not authorized"}, fmt.Sprintf("role %q is bound to other service accounts or namespaces", a.Role),
			"compare the role's bound_service_account_names and bound_service_account_namespaces with this pod's"}}
	}
	return []refusal{
		noRole,
		{[]string{"audience"}, fmt.Sprintf("role %q is bound to another audience than %s", a.Role, a.Audience),
			fmt.Sprintf("put %q into the role's bound_audiences, or the role's audience into the policy: auth: audience", a.Audience)},
		{[]string{"issuer"}, "the job's token is from another issuer than this auth method takes",
			fmt.Sprintf("look at bound_issuer and oidc_discovery_url of auth/%s/config", a.Mount)},
		{[]string{"no known key", "signature", "fetching keys", "keyset", "key set"}, "the vault cannot check who signed the job's token",
			fmt.Sprintf("look at oidc_discovery_url or jwks_url of auth/%s/config: the vault must reach it, and it must be that of this CI system", a.Mount)},
		{[]string{"(exp)", "(nbf)", "(iat)", "expired"}, "the job's token is not valid now", "look at the clocks; a GitLab token lasts as long as the job's timeout, or 5 minutes"},
		{[]string{"claim", "subject", "sub "}, fmt.Sprintf("role %q is bound to other claims than this job has", a.Role),
			"compare the role's bound_subject and bound_claims with this job: on GitHub sub, repository, ref and environment (the job's environment: must be set where the role asks for one), on GitLab sub, project_path, ref, ref_protected and environment"},
	}
}

func containsAny(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
