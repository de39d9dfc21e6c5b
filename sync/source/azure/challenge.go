package azure

import (
	"fmt"
	"net/http"
	"regexp"

	"github.com/keyplumb/keyplumb/sync/rest"
	"github.com/keyplumb/keyplumb/sync/store"
)

// challenged stands between Azure's client and the vault, and lets through of
// a challenge only what may be heeded. A server that is no vault, or is not to
// be trusted, thereby chooses neither what the token opens, nor who is asked
// for it; the client would also panic over an authority without a path.
// https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses
type challenged struct {
	cloud     cloud
	authority string
	next      *rest.Transport
}

var (
	parameter = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)
	inTenant  = regexp.MustCompile(`^https://[^/]+/([0-9A-Za-z][0-9A-Za-z.-]*)/?$`)
	claims    = regexp.MustCompile(`^[0-9A-Za-z+/]+=*$`)
)

func (c challenged) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	resp, err = c.next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		resp, err = c.vet(resp)
	}
	overhear(req.Context(), resp, err)
	return resp, err
}

// vet writes the challenge anew.
func (c challenged) vet(resp *http.Response) (*http.Response, error) {
	said := map[string]string{}
	for _, found := range parameter.FindAllStringSubmatch(resp.Header.Get("WWW-Authenticate"), -1) {
		said[found[1]] = found[2]
	}
	resp.Header.Del("WWW-Authenticate")
	if said["error"] == "insufficient_claims" && claims.MatchString(said["claims"]) {
		// The token is to be made anew, with claims that the authority checks.
		resp.Header.Set("WWW-Authenticate", fmt.Sprintf(`Bearer error="insufficient_claims", claims="%s"`, said["claims"]))
		return resp, nil
	}
	resource := said["resource"]
	if resource == "" {
		resource = said["scope"]
	}
	tenant := inTenant.FindStringSubmatch(said["authorization"])
	switch {
	case resource == "" || tenant == nil:
		return resp, nil // no challenge that can be answered: a plain 401
	case !c.cloud.local && resource != c.cloud.resource() && resource != c.cloud.scope():
		return nil, &store.Error{Op: loggingIn, Ref: resp.Request.URL.Host, Kind: store.ErrDenied,
			Detail: "the server asks for a token for something else than " + c.cloud.resource(),
			Hint:   "is the address in the policy that of a Key Vault?"}
	}
	resp.Header.Set("WWW-Authenticate", fmt.Sprintf(`Bearer authorization="%s/%s", resource="%s"`, c.authority, tenant[1], c.cloud.resource()))
	return resp, nil
}
