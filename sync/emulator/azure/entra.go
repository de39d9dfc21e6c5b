package azure

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// Resource is what tokens for the vaults of the public cloud are made for.
const Resource = "https://vault.azure.net"

// Life is how long a token is good for.
const Life = time.Hour

// Options set up an Entra or a Vault. The zero value is one in real time,
// without latency.
type Options struct {
	Clock   *Clock        // the time that the emulator tells; nil: a Clock of its own
	Latency time.Duration // how long each request waits before it is processed
}

// An Entra gives tokens. It is safe for concurrent use.
type Entra struct {
	*harness.Harness

	mu           sync.Mutex
	applications []Application
	machines     []Machine
	tokens       []Token
}

// An Application can log in by itself, in its tenant.
type Application struct {
	Tenant    string
	Client    string // the application's id
	Secret    string // "" for none
	Federated []Federated
}

// A Machine is a managed identity, of which whoever is on the machine gets a
// token.
type Machine struct {
	Tenant string
	Client string
	Own    bool // system-assigned: it is given where no client id is asked for
}

// A Token is one that was given.
type Token struct {
	Value    string
	Tenant   string
	Client   string
	Resource string
	Expires  time.Time
}

// NewEntra returns an Entra that knows nobody.
func NewEntra(o Options) *Entra {
	return &Entra{Harness: harness.New(o.Clock, o.Latency, "")}
}

// AddApplication registers an application, or replaces the one of its id.
func (e *Entra) AddApplication(a Application) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.applications = slices.DeleteFunc(e.applications, func(other Application) bool { return other.Client == a.Client })
	e.applications = append(e.applications, a)
}

// AddMachine gives the machine whose metadata service this is an identity.
func (e *Entra) AddMachine(m Machine) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.machines = append(e.machines, m)
}

// Tokens gives the tokens that were given and are good, in order.
func (e *Entra) Tokens() []Token {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.tokens), func(t Token) bool { return !t.Expires.After(e.Clock().Now()) })
}

// RevokeAll ends the tokens that were given.
func (e *Entra) RevokeAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tokens = nil
}

// Issue gives a token for vaults, behind the clients' back.
func (e *Entra) Issue(tenant, client string) Token {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.token(tenant, client, Resource)
}

// token makes a token; e.mu is held.
func (e *Entra) token(tenant, client, resource string) Token {
	t := Token{Value: "ey." + rand.Text() + rand.Text(), Tenant: tenant, Client: client, Resource: resource, Expires: e.Clock().Now().Add(Life)}
	e.tokens = append(e.tokens, t)
	return t
}

// ServeHTTP answers one request.
func (e *Entra) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.Serve(w, r, e.process) }

func (e *Entra) process(x *harness.Exchange) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x.Header().Set("X-Ms-Request-Id", requestID())
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(x.Request.URL.Path, "/"), "/")
	switch {
	case x.Request.URL.Path == "/metadata/identity/oauth2/token" && x.Request.Method == http.MethodGet:
		e.metadata(x)
	case rest == "v2.0/.well-known/openid-configuration" && x.Request.Method == http.MethodGet:
		e.discovery(x, tenant)
	case rest == "oauth2/v2.0/token" && x.Request.Method == http.MethodPost:
		e.grant(x, tenant)
	default:
		x.WriteHeader(http.StatusNotFound)
	}
}

// discovery tells a tenant's endpoints.
// https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
func (e *Entra) discovery(x *harness.Exchange, tenant string) {
	if !e.hasTenant(tenant) {
		refuseLogin(x, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+tenant+"' not found.")
		return
	}
	base := x.Base + "/" + tenant
	x.JSON(jsonType, map[string]any{
		"issuer": base + "/v2.0", "token_endpoint": base + "/oauth2/v2.0/token", "authorization_endpoint": base + "/oauth2/v2.0/authorize",
		"jwks_uri": base + "/discovery/v2.0/keys", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"pairwise"},
	})
}

func (e *Entra) hasTenant(tenant string) bool {
	return slices.ContainsFunc(e.applications, func(a Application) bool { return a.Tenant == tenant })
}

// metadata answers a machine's question for its own token.
func (e *Entra) metadata(x *harness.Exchange) {
	query := x.Request.URL.Query()
	refuse := func(code, text string) {
		x.WriteHeader(http.StatusBadRequest)
		x.JSON(jsonType, map[string]any{"error": code, "error_description": text})
	}
	switch {
	case x.Request.Header.Get("Metadata") != "true":
		refuse("bad_request_102", "Required metadata header not specified")
		return
	case query.Get("api-version") == "" || query.Get("resource") == "":
		refuse("bad_request_100", "Required query variable is missing")
		return
	}
	wanted := query.Get("client_id")
	at := slices.IndexFunc(e.machines, func(m Machine) bool { return wanted == "" && m.Own || wanted != "" && m.Client == wanted })
	if at < 0 {
		refuse("invalid_request", "Identity not found")
		return
	}
	m := e.machines[at]
	t := e.token(m.Tenant, m.Client, strings.TrimSuffix(query.Get("resource"), "/"))
	x.JSON(jsonType, map[string]any{
		"access_token": t.Value, "client_id": m.Client, "expires_in": seconds(Life), "expires_on": unix(t.Expires),
		"ext_expires_in": seconds(Life), "not_before": unix(t.Expires.Add(-Life)), "resource": t.Resource, "token_type": "Bearer",
	})
}
