package gcp

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"strings"

	"cloud.google.com/go/auth/credentials/externalaccount"
)

// federated logs in with the job's own token: the token service changes it for
// one of the workload identity pool, and that, where a service account is named,
// for one of the account.
// https://cloud.google.com/iam/docs/workload-identity-federation
func (s *Source) federated() (*login, error) {
	a := s.options.Auth
	switch {
	case !provider.MatchString(a.Provider):
		return nil, invalid("the provider is no name of one",
			"write it as projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER: gcloud iam workload-identity-pools providers describe shows it")
	case a.ServiceAccount != "" && !serviceAccount.MatchString(a.ServiceAccount):
		return nil, invalid("the role is no service account's email", "write it as NAME@PROJECT.iam.gserviceaccount.com, or leave it out")
	case a.Identity == nil:
		return nil, invalid("there is no way to get the job's identity token", "log in by other means: auth: method: \"default\"")
	}
	sts, iam := strings.TrimRight(cmp.Or(a.STS, STS), "/"), strings.TrimRight(cmp.Or(a.IAMCredentials, IAMCredentials), "/")
	options := &externalaccount.Options{ //nolint:gosec // addresses and names of standards
		Audience: "//iam.googleapis.com/" + a.Provider, SubjectTokenType: "urn:ietf:params:oauth:token-type:jwt",
		SubjectTokenProvider: identity{a}, TokenURL: sts + "/v1/token", Scopes: []string{scope},
		Client: s.newHosts(only(origin(sts), origin(iam))), Logger: slog.New(slog.DiscardHandler),
	}
	if a.ServiceAccount != "" {
		options.ServiceAccountImpersonationURL = iam + "/v1/projects/-/serviceAccounts/" + a.ServiceAccount + ":generateAccessToken"
	}
	credentials, err := externalaccount.NewCredentials(options)
	if err != nil {
		return nil, invalid("Google's own package makes no login of auth", "look at auth in the policy")
	}
	return &login{provider: credentials, explain: s.explainLogin, quota: a.QuotaProject}, nil
}

// origin is the scheme and the host of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// identity hands the job's token to Google's package.
type identity struct{ auth Auth }

// SubjectToken implements [externalaccount.SubjectTokenProvider].
func (i identity) SubjectToken(ctx context.Context, _ *externalaccount.RequestOptions) (string, error) {
	token, err := i.auth.Identity(ctx, cmp.Or(i.auth.Audience, "https://iam.googleapis.com/"+i.auth.Provider))
	if err != nil {
		return "", &barred{err}
	}
	return strings.TrimSpace(string(token.Reveal())), nil
}
