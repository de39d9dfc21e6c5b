package awsapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// explainAssuming tells why a profile's credentials do not open the role that it
// names.
func explainAssuming(err error) error {
	told, failed := Failure(opLogin, profilesRole, err)
	if e, ok := errors.AsType[*store.Error](failed); ok && strings.HasPrefix(told.Code, "AccessDenied") {
		e.Kind, e.Detail = store.ErrUnauthentic, "there is no such role, or it does not trust the profile's credentials"
		e.Hint = "they need sts:AssumeRole on the role, whose trust policy must name them, and the external_id that it may ask for"
	}
	return failed
}

// explainLogin tells why a token does not open a role. What AWS told is matched
// with its own words, and never repeated.
func explainLogin(ref string, err error) error {
	told, failed := Failure(opLogin, ref, err)
	e, ok := errors.AsType[*store.Error](failed)
	if !ok {
		return failed
	}
	const trust = "compare the role's trust policy with this job: its Federated provider, and the conditions on aud and sub (on GitHub repo:OWNER/NAME:environment:NAME or …:ref:refs/heads/NAME, on GitLab project_path:GROUP/NAME:ref_type:branch:ref:NAME)"
	switch {
	case told.Code == "AccessDenied" || told.Code == "AccessDeniedException":
		e.Kind, e.Detail, e.Hint = store.ErrUnauthentic, "there is no such role, or it does not trust who asks", trust
	case told.Code == "InvalidIdentityToken" && strings.Contains(told.Message, "audience"):
		e.Kind, e.Detail = store.ErrUnauthentic, "the job's token is made for another audience than the account's identity provider takes"
		e.Hint = "add the audience to the identity provider in IAM, or name the provider's in the policy: auth: audience"
	case told.Code == "InvalidIdentityToken" && strings.Contains(told.Message, "provider found"):
		e.Kind, e.Detail = store.ErrUnauthentic, "the account has no identity provider for the issuer of the job's token"
		e.Hint = "make one: aws iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com (GitLab: the instance's address) --client-id-list sts.amazonaws.com"
	case told.Code == "InvalidIdentityToken" || told.Code == "IDPRejectedClaim":
		e.Kind, e.Detail, e.Hint = store.ErrUnauthentic, "AWS does not accept the job's token", trust
	case told.Code == "ExpiredTokenException" && e.Status == http.StatusBadRequest:
		e.Kind, e.Detail = store.ErrUnauthentic, "the job's token has run out"
		e.Hint = "a GitLab token lasts as long as the job's timeout, or 5 minutes: run keyplumb earlier in the job"
	case told.Code == "IDPCommunicationError":
		e.Kind, e.Detail, e.Hint = store.ErrUnavailable, "AWS does not reach the identity provider that signed the job's token", "AWS must be able to read its keys over the internet"
	case told.Code == "ValidationError":
		e.Kind, e.Detail, e.Hint = store.ErrInvalid, "the role's ARN, or the session's name, is malformed", "write the role like arn:aws:iam::123456789012:role/ci-prod"
	}
	return e
}
