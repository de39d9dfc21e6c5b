package gcp

import (
	"cmp"
	"errors"
	"strings"

	"github.com/keyplumb/keyplumb/sync/store"
)

// explainLogin tells why nobody was let in. What the job could not prove is told
// already.
func (s *Source) explainLogin(err error) error {
	if b, ok := errors.AsType[*barred](err); ok {
		return b.err
	}
	ref := "Google"
	if e, ok := errors.AsType[*store.Error](err); ok {
		ref = e.Ref // the host
	}
	e, said, other := failure("log in", ref, err)
	if e == nil {
		return other
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		s.explainRefusal(e, said, refused.path)
	}
	return hinted(e, retry)
}

// A reason is one that a token service gives, and what to do about it.
type reason struct {
	words        []string // any of them, in lower case, of the status or the text
	detail, hint string
}

// explainRefusal tells why a login was refused, by where it was.
func (s *Source) explainRefusal(e *store.Error, said told, path string) {
	switch {
	case errors.Is(e, store.ErrMoved):
		e.Detail, e.Hint = "the server sends keyplumb to another address, where the credential does not go", "name the right address"
		return
	case e.Status < 400 || e.Status >= 500:
		return
	}
	e.Kind = store.ErrUnauthentic
	e.Detail, e.Hint = "nobody is let in like this", "log in again with gcloud auth application-default login, or look at the workload identity pool's provider"
	reasons := s.exchange()
	if strings.HasSuffix(path, ":generateAccessToken") {
		reasons = s.impersonation()
	}
	for _, known := range reasons {
		if said.has(known.words...) {
			e.Detail, e.Hint = known.detail, known.hint
			return
		}
	}
}

// impersonation are the reasons of the service that makes one a service account.
// https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
func (s *Source) impersonation() []reason {
	account := cmp.Or(s.options.Auth.ServiceAccount, "the service account")
	return []reason{
		{[]string{"SERVICE_DISABLED", "has not been used in project", "it is disabled"}, "the service account's project has not enabled the IAM Service Account Credentials API",
			"gcloud services enable iamcredentials.googleapis.com"},
		{[]string{"PERMISSION_DENIED"}, account + " is not there, or this job may not become it",
			"grant roles/iam.workloadIdentityUser on it to the job's principal, such as principalSet://iam.googleapis.com/projects/…/attribute.repository/OWNER/NAME (to a user or an account: roles/iam.serviceAccountTokenCreator)"},
		{[]string{"NOT_FOUND"}, account + " is not there", "is auth.role right in the policy? gcloud iam service-accounts list shows those that are there"},
	}
}

// exchange are the reasons of the token services. The words are those of
// Google's own troubleshooting pages.
// https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation
func (s *Source) exchange() []reason {
	describe := "gcloud iam workload-identity-pools providers describe shows it"
	return []reason{
		{[]string{"attribute condition"}, "the provider's attribute condition keeps this job out",
			"compare the provider's attribute-condition with this job: on GitHub repository, ref and environment, on GitLab project_path and ref; " + describe},
		{[]string{"invalid_target"}, "there is no such workload identity pool or provider, or it is disabled", "is auth.provider right in the policy? It begins with the project's number; " + describe},
		{[]string{"audience"}, "the provider takes another audience than the job's token was made for",
			"put the provider's allowed audience into the policy: auth: audience; " + describe},
		{[]string{"signature", "jwks", "key id"}, "Google cannot check who signed the token", "look at the provider's issuer-uri and jwk-json-path: it must be that of this CI system; " + describe},
		{[]string{"issuer"}, "the job's token is from another issuer than the provider takes, or Google cannot reach that issuer", "compare the provider's issuer-uri with this CI system; " + describe},
		{[]string{"stale", "expired", "revoked", "issued at"}, "the token has run out, or was revoked, or is not valid yet", "look at the clocks; log in again: gcloud auth application-default login"},
		{[]string{"attribute"}, "the provider cannot map this job's claims", "look at the provider's attribute-mapping; google.subject may have 127 characters at most; " + describe},
		{[]string{"invalid_grant", "unauthorized_client", "invalid_client"}, "Google does not take this credential any more", "log in again: gcloud auth application-default login, or make a new credentials file"},
	}
}
