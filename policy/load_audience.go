package policy

import (
	"strings"

	"cuelang.org/go/cue"
)

// audience refuses a token that one cloud takes as a login, made to be sent to
// another: whoever is there could log in with it. GitHub makes a job's token for
// whatever audience the policy names.
func (r *reader) audience(s *Source, v cue.Value) {
	cloud, name := takerOf(s.Auth["audience"])
	if cloud == "" || cloud == s.Kind || cloud == "aws" && s.Kind == "ssm" {
		return
	}
	field := v.LookupPath(cue.ParsePath("auth.audience"))
	r.add(valueSpan(field), "name an audience that this source alone takes", "auth.audience is one by which %s lets jobs log in", name)
}

// takerOf tells the cloud that a token's audience is of.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
// https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
func takerOf(audience string) (kind, name string) {
	audience = strings.ToLower(audience)
	for _, taker := range []struct{ prefix, kind, name string }{
		{"sts.amazonaws.com", "aws", "AWS"},
		{"https://iam.googleapis.com/", "gcp", "Google Cloud"},
		{"//iam.googleapis.com/", "gcp", "Google Cloud"},
		{"api://azureadtokenexchange", "azure", "Azure"},
	} {
		if strings.HasPrefix(audience, taker.prefix) {
			return taker.kind, taker.name
		}
	}
	return "", ""
}
