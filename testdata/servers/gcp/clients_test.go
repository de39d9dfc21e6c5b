package gcp_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/compute/metadata"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2/google"

	emulator "github.com/keyplumb/keyplumb/sync/emulator/gcp"
)

const (
	pool     = "projects/1234567890/locations/global/workloadIdentityPools/ci-pool"
	provider = pool + "/providers/github"
	issuer   = "https://ci.example.com"
	scope    = "https://www.googleapis.com/auth/cloud-platform"
	account  = "ci@acme-prod.iam.gserviceaccount.com"
)

// TestOtherClientsLogIn: packages for credentials that keyplumb does not use
// (golang.org/x/oauth2/google, cloud.google.com/go/compute/metadata) log in at
// the emulated token services, and read with what they get.
func TestOtherClientsLogIn(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	e := emulator.New(emulator.Options{})
	e.AddAccount(account, &key.PublicKey)
	e.AddUser("dev@acme.example", "of-the-user")
	e.AddProvider(provider, emulator.Provider{Keys: []*rsa.PublicKey{&key.PublicKey}, Issuer: issuer,
		Attributes: map[string]string{"attribute.repository": "repository"}, Condition: map[string]string{"ref": "refs/heads/main"}})
	job := "principalSet://iam.googleapis.com/" + pool + "/attribute.repository/acme/api"
	e.Grant(job, emulator.WorkloadUser, account)
	for _, member := range []string{job, "serviceAccount:" + account} {
		e.Grant(member, emulator.Accessor, parent)
	}
	e.Put(parent+"/secrets/api", []byte("value"))
	listening := httptest.NewServer(e)
	t.Cleanup(listening.Close)

	signed := func(repository string) string {
		text, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": issuer, "aud": "https://iam.googleapis.com/" + provider, "sub": "x",
			"repository": repository, "ref": "refs/heads/main", "exp": time.Now().Add(time.Minute).Unix()}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	federated := map[string]any{"type": "external_account", "audience": "//iam.googleapis.com/" + provider, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
		"token_url": listening.URL + "/v1/token", "credential_source": map[string]any{"file": signed("acme/api")}}
	impersonating := map[string]any{"service_account_impersonation_url": listening.URL + "/v1/projects/-/serviceAccounts/" + account + ":generateAccessToken"}
	other := map[string]any{"credential_source": map[string]any{"file": signed("mallory/api")}}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keyed := map[string]any{"type": "service_account", "client_email": account, "private_key_id": "1", "token_uri": listening.URL + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
	for name, test := range map[string]struct {
		parts []map[string]any
		good  bool
	}{
		"federated":             {[]map[string]any{federated}, true},
		"a service account":     {[]map[string]any{federated, impersonating}, true},
		"of another repository": {[]map[string]any{federated, impersonating, other}, false},
		"a key":                 {[]map[string]any{keyed}, true},
		"a key of another":      {[]map[string]any{keyed, {"client_email": "cd@acme-prod.iam.gserviceaccount.com"}}, false},
		"for another audience":  {[]map[string]any{keyed, {"token_uri": listening.URL + "/v1/token"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			file := map[string]any{}
			for _, part := range test.parts {
				for field, value := range part {
					file[field] = value
				}
			}
			text, err := json.Marshal(file)
			if err != nil {
				t.Fatal(err)
			}
			credentials, err := google.CredentialsFromJSON(t.Context(), text, scope) //nolint:staticcheck // the file is the test's own
			if err != nil {
				t.Fatal(err)
			}
			token, err := credentials.TokenSource.Token()
			if (err == nil) != test.good {
				t.Fatalf("%v, want it to be good: %v", err, test.good)
			}
			if err == nil && ask(t, listening.URL+"/v1/"+parent+"/secrets/api/versions/latest:access", token.AccessToken).status != http.StatusOK {
				t.Error("it may not read")
			}
		})
	}

	e.SetMachine(account)
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(listening.URL, "http://"))
	said, err := metadata.GetWithContext(t.Context(), "instance/service-accounts/default/token")
	var token struct {
		Token string `json:"access_token"`
	}
	if err != nil || json.Unmarshal([]byte(said), &token) != nil || ask(t, listening.URL+"/v1/"+parent+"/secrets/api/versions/latest:access", token.Token).status != http.StatusOK {
		t.Errorf("the metadata server's token: %v", err)
	}
}
