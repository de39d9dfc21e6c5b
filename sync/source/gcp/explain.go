package gcp

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"

	"github.com/keyplumb/keyplumb/sync/store"
)

// explain puts what holds for every request in keyplumb's words. The names are
// those of google.rpc.Code and of google.api.ErrorReason.
// https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto
func explain(e *store.Error, said told, n name) {
	switch {
	case errors.Is(e, store.ErrUnavailable) && e.Status == 0:
		e.Hint = "see whether the API answers from here, with a certificate that is trusted, and run keyplumb again"
	case errors.Is(e, store.ErrMoved):
		e.Detail, e.Hint = "the server sends keyplumb to another address, where the token does not go", "name the API's own address"
	case e.Status >= 400 && e.Status < 500 && (said.status == "" || said.oauth):
		e.Detail, e.Hint = cmp.Or(e.Detail, "the answer is none of Google's"), "is the address right? What answers there may be something that stands before the API"
	case said.has("USER_PROJECT_DENIED", "quota project"):
		e.Detail, e.Hint = "the credential's quota project may not be used, or there is none", "gcloud auth application-default set-quota-project "+n.project
	case said.has("SERVICE_DISABLED"):
		e.Detail, e.Hint = "the project has not enabled the Secret Manager API", "gcloud services enable secretmanager.googleapis.com --project="+n.project
	case said.has("ACCESS_TOKEN_SCOPE_INSUFFICIENT"):
		e.Detail, e.Hint = "the access token is not meant for this API", "give the machine the scope cloud-platform"
	case said.has("BILLING_DISABLED"):
		e.Detail, e.Hint = "the project has no billing account, without which Secret Manager gives nothing", "gcloud billing projects link "+n.project+" --billing-account=…"
	case said.has("SECURITY_POLICY_VIOLATED", "vpcservicecontrols"):
		e.Detail, e.Hint = "a service perimeter (VPC Service Controls) keeps this machine out", "let the perimeter's ingress rules have the job's identity"
	case errors.Is(e, store.ErrNotFound):
		e.Detail, e.Hint = "there is no such secret, or it has no such version", n.command("versions list", "")+" lists its versions"
	case said.status == "NOT_FOUND":
		e.Kind, e.Detail, e.Hint = store.ErrInvalid, "Google does not know where the secret would be", "are project and location right in the policy?"
	default:
		e.Hint = cmp.Or(e.Hint, "run keyplumb again; if that does not help, the audit log of project "+n.project+" says what Google makes of the request")
	}
}

// explainLook tells why metadata was not given; nil where it was.
func explainLook(n name, ref string, err error) error {
	if err == nil {
		return nil
	}
	e, said, other := failure("look at", ref, err)
	if e == nil {
		return other
	}
	explain(e, said, n)
	return e
}

// explainAccess tells why a value was not given.
func (s *Source) explainAccess(ctx context.Context, n name, ref, version string, err error) error {
	e, said, other := failure("read", ref, err)
	if e == nil {
		return other
	}
	explain(e, said, n)
	switch {
	case errors.Is(e, store.ErrDenied) && e.Detail == "":
		e.Detail = "the secret is not there, or this credential may not read it"
		e.Hint = "is its name right in the policy? If it is, grant roles/secretmanager.secretAccessor: " +
			n.command("add-iam-policy-binding", " --role=roles/secretmanager.secretAccessor --member=…")
	case errors.Is(e, store.ErrNotFound) && version != latest:
		e.Detail = "there is no version " + version + " of it"
	case e.Status == http.StatusBadRequest && said.status == "FAILED_PRECONDITION":
		state, err := s.state(ctx, said, n, ref, version)
		if err != nil {
			return err
		}
		return gone(e, state, n, version)
	}
	return e
}

// state tells a version that is disabled from one that is destroyed: by the
// words, or else by asking.
func (s *Source) state(ctx context.Context, said told, n name, ref, version string) (secretmanagerpb.SecretVersion_State, error) {
	switch {
	case said.has("disabled state"):
		return secretmanagerpb.SecretVersion_DISABLED, nil
	case said.has("destroyed state"):
		return secretmanagerpb.SecretVersion_DESTROYED, nil
	}
	about, err := s.describeVersion(ctx, n, ref, version)
	return about.GetState(), err
}

// gone says what became of a version.
func gone(e *store.Error, state secretmanagerpb.SecretVersion_State, n name, version string) error {
	which := "its version " + version
	if version == latest {
		which = "its latest version"
	}
	switch state {
	case secretmanagerpb.SecretVersion_DISABLED:
		e.Kind, e.Detail = store.ErrDenied, which+" is disabled" // which can be undone: it is no lack
		e.Hint = "enable it with gcloud secrets versions enable, or add a new version; " + n.command("versions list", "") + " shows the states"
	case secretmanagerpb.SecretVersion_DESTROYED:
		e.Kind, e.Detail, e.Hint = store.ErrNotFound, which+" was destroyed", "add a new version: this one does not come back"
	default:
		e.Kind, e.Detail = store.ErrDenied, which+" cannot be read as it is: it is disabled, or its encryption key is"
		e.Hint = n.command("versions list", "") + " shows the states; roles/secretmanager.viewer lets keyplumb see them"
	}
	return e
}

// explainList tells why the versions were not listed.
func explainList(n name, ref string, err error) error {
	e, said, other := failure("list the versions of", ref, err)
	if e == nil {
		return other
	}
	explain(e, said, n)
	switch {
	case errors.Is(e, store.ErrDenied) && e.Detail == "":
		e.Detail = "the secret is not there, or this credential may not list its versions"
		e.Hint = "which version is the previous one is only seen with roles/secretmanager.viewer: " +
			n.command("add-iam-policy-binding", " --role=roles/secretmanager.viewer --member=…") + "; or name the version's number"
	case errors.Is(e, store.ErrNotFound):
		e.Detail, e.Hint = "there is no such secret", "gcloud secrets list --project="+n.project+" shows those that are there"
	}
	return e
}
