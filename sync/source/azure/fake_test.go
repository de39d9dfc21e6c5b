package azure_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets/fake"

	"github.com/keyplumb/keyplumb/sync/source/azure"
	"github.com/keyplumb/keyplumb/sync/store"
)

// faked answers for the vault by the fake that comes with Azure's own client,
// and for the rest by what is emulated.
type faked struct {
	*hosts
	vault *fake.ServerTransport
}

func (f faked) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != realVault {
		return f.hosts.RoundTrip(r)
	}
	return f.vault.Do(r)
}

// TestAzuresOwnFake reads from azsecrets/fake, which is made by those who make
// the service: its challenge and its bodies. Its errors are not HTTP's.
func TestAzuresOwnFake(t *testing.T) {
	const first, second = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	made, expires := time.Unix(1764000000, 0).UTC(), time.Unix(1864000000, 0).UTC()
	id := func(name, version string) *azsecrets.ID {
		return new(azsecrets.ID("https://" + realVault + "/secrets/" + name + "/" + version))
	}
	attributes := func(at time.Time) *azsecrets.SecretAttributes {
		return &azsecrets.SecretAttributes{Enabled: new(true), Created: &at, Updated: &at, Expires: &expires}
	}
	tags := map[string]*string{"owner": new("payments")}
	server := &fake.Server{
		GetSecret: func(_ context.Context, name, version string, _ *azsecrets.GetSecretOptions) (ok azfake.Responder[azsecrets.GetSecretResponse], bad azfake.ErrorResponder) {
			if version == "" {
				version = second
			}
			at := map[string]time.Time{first: made, second: made.Add(time.Hour)}[version]
			ok.SetResponse(http.StatusOK, azsecrets.GetSecretResponse{Secret: azsecrets.Secret{ID: id(name, version), Value: new("value of " + version), Attributes: attributes(at), Tags: tags}}, nil)
			return ok, bad
		},
		NewListSecretPropertiesVersionsPager: func(name string, _ *azsecrets.ListSecretPropertiesVersionsOptions) (pages azfake.PagerResponder[azsecrets.ListSecretPropertiesVersionsResponse]) {
			for version, at := range map[string]time.Time{first: made, second: made.Add(time.Hour)} {
				pages.AddPage(http.StatusOK, azsecrets.ListSecretPropertiesVersionsResponse{SecretPropertiesListResult: azsecrets.SecretPropertiesListResult{
					Value: []*azsecrets.SecretProperties{{ID: id(name, version), Attributes: attributes(at), Tags: tags}}}}, nil)
			}
			return pages
		},
	}
	s, h := inMemory(t)
	// Its challenge names a tenant of its own, which is not heeded.
	source := open(t, func() azure.Options {
		o := s.real(h)
		o.Next = faked{h, fake.NewServerTransport(server)}
		return o
	}())
	for _, w := range []wanted{
		{ref: store.Reference{Path: "api"}, value: "value of " + second},
		{ref: store.Reference{Path: "api", Version: first}, value: "value of " + first},
		{ref: store.Reference{Path: "api", Version: "previous"}, value: "value of " + first},
	} {
		w.check(t, source)
	}
	want := store.Reading{Version: second, Changed: made.Add(time.Hour), Expires: expires, Owner: "payments"}
	ref := []store.Reference{{Path: "api"}}
	if got := source.Read(t.Context(), ref)[0]; !alike(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	if got := source.Describe(t.Context(), ref)[0]; !alike(got, want) || !got.Value.IsEmpty() {
		t.Errorf("described %+v, want %+v", got, want)
	}
	if n := len(s.entra.Tokens()); n != 1 {
		t.Errorf("%d logins", n)
	}
}
