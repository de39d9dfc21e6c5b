package azure

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

// reasons are the codes in a vault's refusal, which are matched and not shown.
// https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
type reasons struct {
	Error struct {
		Code       string `json:"code"`
		InnerError struct {
			Code string `json:"code"`
		} `json:"innererror"`
	} `json:"error"`
}

// explain puts a failure in keyplumb's words: from what was heard, never from
// what Azure's client makes of it.
func (s *Source) explain(r request, err error, said *heard) error {
	if err == nil {
		return nil
	}
	if _, failed := s.login.outcome(); failed != nil {
		return failed
	}
	if e, ok := errors.AsType[*store.Error](err); ok && e.Op == loggingIn {
		return e // the challenge was not to be answered
	}
	failed := rest.Failure(r.op, r.ref, said.resp, err)
	e, ok := errors.AsType[*store.Error](failed)
	switch {
	case !ok:
		return failed
	case e.Status == 0:
		return advised(e)
	}
	var why reasons
	known := json.Unmarshal(said.body, &why) == nil && why.Error.Code != ""
	switch e.Status {
	case http.StatusNotFound:
		// Anything else is a proxy's, and no word on the secret. A test server on
		// this machine has codes of its own.
		if !known || !s.cloud.local && why.Error.Code != "SecretNotFound" {
			return r.unreadable()
		}
	case http.StatusUnauthorized:
		e.Detail = "the vault does not take the token: it is of another directory, was revoked, or has run out"
		e.Hint = "is the tenant in the policy the vault's own? az keyvault show --name " + s.vault() + " --query properties.tenantId"
	case http.StatusForbidden:
		s.explainDenied(e, r, why.Error.InnerError.Code)
	}
	if errors.Is(e, store.ErrMoved) {
		e.Detail = "the server sends keyplumb to another address, where the token does not go"
		e.Hint = "is the address in the policy the vault's own?"
	}
	return advised(e)
}

// advised says what to do about what is nobody's mistake.
func advised(e *store.Error) *store.Error {
	switch {
	case e.Hint != "":
	case errors.Is(e, store.ErrDenied):
		e.Hint = "is the address in the policy that of a Key Vault?"
	case !errors.Is(e, store.ErrUnavailable):
	case e.Status >= 500:
		e.Hint = "run keyplumb again; https://azure.status.microsoft tells of outages"
	case e.Status == 0:
		e.Hint = "does this machine reach the host? run keyplumb again"
	default:
		e.Hint = "is there a proxy between this machine and the host? run keyplumb again"
	}
	return e
}

func (r request) disabled() error {
	e := &store.Error{Op: r.op, Ref: r.ref, Kind: store.ErrDenied}
	e.Detail, e.Hint = isDisabled, enableIt
	return e
}

const (
	isDisabled = "it is disabled"
	enableIt   = "enable it with az keyvault secret set-attributes --enabled true, name another version, or take it out of the policy"
)

// explainDenied tells what would be needed.
func (s *Source) explainDenied(e *store.Error, r request, code string) {
	vault := s.vault()
	permission := "get"
	if r.list {
		permission = "list"
	}
	who := s.login.client()
	role := fmt.Sprintf("az role assignment create --role \"Key Vault Secrets User\" --assignee %s --scope \"$(az keyvault show --name %s --query id --output tsv)\"", who, vault)
	policy := fmt.Sprintf("az keyvault set-policy --name %s --spn %s --secret-permissions %s", vault, who, permission)
	switch code {
	case "SecretDisabled":
		e.Detail, e.Hint = isDisabled, enableIt
	case "ForbiddenByFirewall":
		e.Detail = "the vault's firewall does not let this machine in"
		e.Hint = fmt.Sprintf("run the job where the vault's network rules allow it, or allow its address: az keyvault network-rule add --name %s --ip-address ADDRESS", vault)
	case "ForbiddenByConnection":
		e.Detail = "the vault is reached by private endpoints alone"
		e.Hint = "run the job in a network that has a private endpoint of the vault"
	case "ForbiddenByRbac":
		e.Detail, e.Hint = "no role assignment lets this identity "+permission+" secrets", role
	case "ForbiddenByPolicy", "AccessDenied":
		e.Detail, e.Hint = "no access policy of the vault lets this identity "+permission+" secrets", policy
	default:
		e.Detail = "this identity may not " + permission + " secrets of the vault"
		e.Hint = "where the vault goes by roles: " + role + "; where it has access policies: " + policy
	}
}
