package azure

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/keyplumb/keyplumb/sync/emulator/harness"
)

// A Vault holds secrets. It is safe for concurrent use.
type Vault struct {
	*harness.Harness

	entra     *Entra
	authority string // where it sends those who have no token
	tenant    string

	mu       sync.Mutex
	secrets  map[string]*entry
	deleted  map[string]*entry
	grants   map[string][]string // permissions by client
	policies bool                // they are access policies, not roles
	closed   string              // the code of who is let in by no network
	demand   string              // the resource that the challenge names
}

// NewVault returns an empty vault of a tenant, whose clients get their tokens
// from an Entra at the URL authority.
func NewVault(e *Entra, authority, tenant string, o Options) *Vault {
	return &Vault{
		Harness: harness.New(o.Clock, o.Latency, ""), entra: e, authority: authority, tenant: tenant, demand: Resource,
		secrets: map[string]*entry{}, deleted: map[string]*entry{}, grants: map[string][]string{},
	}
}

// Grant lets an application do something with secrets: "get", "list", "set",
// "delete", "purge". With no permission it may nothing.
func (v *Vault) Grant(client string, permissions ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.grants[client] = permissions
}

// UsePolicies has the vault go by access policies in place of roles.
func (v *Vault) UsePolicies() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.policies = true
}

// Close lets in nobody: by "ForbiddenByFirewall" or "ForbiddenByConnection";
// "" opens it again.
func (v *Vault) Close(code string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = code
}

// Challenge has those without a token sent elsewhere, or for something else.
func (v *Vault) Challenge(authority, tenant, resource string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.authority, v.tenant, v.demand = authority, tenant, resource
}

// ServeHTTP answers one request.
func (v *Vault) ServeHTTP(w http.ResponseWriter, r *http.Request) { v.Serve(w, r, v.process) }

// A call is one request that is being answered; v.mu is held.
type call struct {
	*harness.Exchange
	vault *Vault
	token Token
}

func (v *Vault) process(x *harness.Exchange) {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := &call{Exchange: x, vault: v}
	x.Header().Set("X-Ms-Request-Id", requestID())
	x.Header().Set("X-Ms-Keyvault-Service-Version", "1.9.0")
	if !c.admitted() {
		return
	}
	if x.Request.URL.Query().Get("api-version") == "" {
		c.refuse(http.StatusBadRequest, "BadParameter", "api-version must be specified", "")
		return
	}
	c.route(strings.Split(strings.Trim(x.Request.URL.Path, "/"), "/"))
}

// route finds what is asked for.
func (c *call) route(path []string) {
	method := c.Request.Method
	name := ""
	if len(path) > 1 {
		name = path[1]
	}
	switch {
	case path[0] == "deletedsecrets" && len(path) == 2 && method == http.MethodGet:
		c.getDeleted(name)
	case path[0] == "deletedsecrets" && len(path) == 2 && method == http.MethodDelete:
		c.purge(name)
	case path[0] != "secrets":
		c.refuse(http.StatusNotFound, "NotFound", "Request url is not valid.", "")
	case len(path) == 1 && method == http.MethodGet:
		c.list()
	case len(path) == 3 && path[2] == "versions" && method == http.MethodGet:
		c.versions(name)
	case len(path) == 2 && method == http.MethodGet:
		c.get(name, "")
	case len(path) == 3 && method == http.MethodGet:
		c.get(name, path[2])
	case len(path) == 2 && method == http.MethodPut:
		c.set(name)
	case len(path) == 2 && method == http.MethodPatch:
		c.change(name, "")
	case len(path) == 3 && method == http.MethodPatch:
		c.change(name, path[2])
	case len(path) == 2 && method == http.MethodDelete:
		c.remove(name)
	default:
		c.refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The method is not allowed.", "")
	}
}

// admitted checks the token, or challenges.
func (c *call) admitted() bool {
	v := c.vault
	bearer, found := strings.CutPrefix(c.Request.Header.Get("Authorization"), "Bearer ")
	given := v.entra.Tokens()
	at := slices.IndexFunc(given, func(t Token) bool { return t.Value == bearer })
	text := "AKV10000: Request is missing a Bearer or PoP token."
	if found {
		text = "AKV10022: Invalid audience. Expected " + Resource + "."
		switch {
		case at < 0:
			text = "AKV10015: Unable to validate token signature, or it has expired."
		case given[at].Tenant != v.tenant:
			text = "AKV10032: Invalid issuer."
		}
	}
	if at < 0 || given[at].Tenant != v.tenant || given[at].Resource != Resource {
		c.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="%s/%s", resource="%s"`, v.authority, v.tenant, v.demand))
		c.refuse(http.StatusUnauthorized, "Unauthorized", text, "")
		return false
	}
	c.token = given[at]
	if v.closed != "" {
		c.refuse(http.StatusForbidden, "Forbidden", "Client address is not authorized and caller is not a trusted service.", v.closed)
		return false
	}
	return true
}

// may refuses those who may not.
func (c *call) may(permission string) bool {
	switch {
	case slices.Contains(c.vault.grants[c.token.Client], permission):
		return true
	case c.vault.policies:
		c.refuse(http.StatusForbidden, "Forbidden", fmt.Sprintf("The user, group or application 'appid=%s' does not have secrets %s permission on key vault.", c.token.Client, permission), "ForbiddenByPolicy")
	default:
		c.refuse(http.StatusForbidden, "Forbidden", "Caller is not authorized to perform action on resource.", "ForbiddenByRbac")
	}
	return false
}

// refuse answers with an error in the API's form.
// https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret#keyvaulterror
func (c *call) refuse(status int, code, text, inner string) {
	said := map[string]any{"code": code, "message": text}
	if inner != "" {
		said["innererror"] = map[string]any{"code": inner}
	}
	c.WriteHeader(status)
	c.JSON(jsonType, map[string]any{"error": said})
}

// requestID is a name for a request, in the form of a GUID.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func versionID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
