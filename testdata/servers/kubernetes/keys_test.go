package kubernetes_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// files writes what the API server is started with.
func (c *cluster) files() error {
	accounts, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&accounts.PublicKey)
	if err != nil {
		return err
	}
	if c.ca, err = newAuthority(); err != nil {
		return err
	}
	if c.issuer, err = newIssuer(); err != nil {
		return err
	}
	described, err := c.issuer.authenticationConfiguration()
	if err != nil {
		return err
	}
	config, err := json.Marshal(described)
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"accounts.pub":        pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"accounts.key":        pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(accounts)}),
		"clients.pem":         c.ca.pem,
		"tokens.csv":          fmt.Appendf(nil, "%s,admin,admin,\"system:masters\"\n%s,ci,ci\n", c.admin, c.user),
		"authentication.yaml": config,
	} {
		if err := os.WriteFile(c.file(name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// An authority signs the certificates of people.
type authority struct {
	key         *rsa.PrivateKey
	certificate *x509.Certificate
	pem         []byte
}

func newAuthority() (*authority, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "people"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	made, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(made)
	return &authority{key, certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made})}, err
}

// issue makes a certificate of a user, good until then, and its key.
func (a *authority) issue(user string, until time.Time) (certificate, key []byte, err error) {
	own, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: user}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	made, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &own.PublicKey, a.key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(own)}), err
}

// An issuer is two CI systems that sign the tokens of jobs with one key. The
// cluster fetches it over TLS.
type issuer struct {
	key    *rsa.PrivateKey
	server *httptest.Server
}

// As the source's page has them.
const (
	githubIssuer = "https://token.actions.githubusercontent.com"
	gitlabIssuer = "https://gitlab.com"
	audience     = "https://cluster.example.com:6443"
)

func newIssuer() (*issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	i := &issuer{key: key}
	mux := http.NewServeMux()
	i.server = httptest.NewTLSServer(mux) // it ends with the process
	answer := func(body any) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(body) // who hung up needs no answer
		}
	}
	for _, name := range []string{githubIssuer, gitlabIssuer} {
		mux.Handle("GET "+discovery(name), answer(fields{
			"issuer": name, "jwks_uri": i.server.URL + "/keys", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
		}))
	}
	mux.Handle("GET /keys", answer(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "1", Algorithm: "RS256", Use: "sig"}}}))
	return i, nil
}

// discovery is where the server here describes an issuer.
func discovery(name string) string {
	return "/" + strings.TrimPrefix(name, "https://") + "/.well-known/openid-configuration"
}

// authenticationConfiguration is the page's, both its entries, but for where the
// issuers are found.
func (i *issuer) authenticationConfiguration() (fields, error) {
	objects, err := page()
	if err != nil {
		return nil, err
	}
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.server.Certificate().Raw})
	var entries []any
	for _, object := range objects["AuthenticationConfiguration"] {
		for _, entry := range object["jwt"].([]any) {
			issuer := entry.(fields)["issuer"].(fields)
			issuer["discoveryURL"] = i.server.URL + discovery(issuer["url"].(string))
			issuer["certificateAuthority"] = string(roots)
			entries = append(entries, entry)
		}
	}
	whole := objects["AuthenticationConfiguration"][0]
	whole["jwt"] = entries
	return whole, nil
}

// claimsOf are the claims of a job of acme/api in an environment.
// https://docs.github.com/actions/reference/security/oidc#oidc-token-claims
func claimsOf(environment string) jwt.MapClaims {
	return jwt.MapClaims{"iss": githubIssuer, "aud": audience, "sub": "repo:acme/api:environment:keyplumb-" + environment,
		"repository": "acme/api", "repository_id": "123456789", "ref": "refs/heads/main",
		"iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix()}
}

// gitlab are the claims of a job on the main branch of acme/api.
// https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
func gitlab() jwt.MapClaims {
	return jwt.MapClaims{"iss": gitlabIssuer, "aud": audience, "sub": "project_path:acme/api:ref_type:branch:ref:main",
		"project_id": "123456", "ref_protected": "true",
		"iat": time.Now().Unix(), "exp": time.Now().Add(5 * time.Minute).Unix()}
}

func (i *issuer) sign(claims jwt.MapClaims) string {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = "1"
	signed, err := token.SignedString(i.key)
	if err != nil {
		panic(err)
	}
	return signed
}
